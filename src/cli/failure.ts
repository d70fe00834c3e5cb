/** What went wrong, for the person or program that gave the command: what failed, why, what to do, and the exit status. */

import { SettingsError } from '../platform/config/read.ts';
import { Problem } from '../platform/problem.ts';
import { Refused } from '../production/release/refused.ts';
import { LockIsHeld } from '../runbook/lock/lock.ts';
import { RunIsBusy } from '../runbook/run/claim.ts';
import { NoSuchRun } from '../runbook/run/folder.ts';
import { FaultyDocument } from '../runbook/source.ts';
import { UsageError } from './command.ts';

/** 1: it failed. 2: it could never have worked as it was typed or set. 7: somebody else is at it. */
export type ExitCode = 1 | 2 | 7;

export interface Failure {
  code: string;
  message: string;
  /** Empty where the message says it already. */
  next: string;
  details: Record<string, unknown>;
  exitCode: ExitCode;
}

export function failureOf(error: unknown): Failure {
  if (error instanceof UsageError) return failed('usage', error.message, error.next, 2);
  if (error instanceof SettingsError)
    return {
      ...failed('wrong_settings', error.message, 'Correct or unset what is named: docs/reference/settings.md lists every setting.', 2),
      details: { problems: error.problems },
    };
  if (error instanceof Refused) return failed('refused', error.message, error.next);
  if (error instanceof FaultyDocument) return faultyDocument(error);
  if (error instanceof LockIsHeld || error instanceof RunIsBusy) return failed('locked', error.message, 'Nothing was run.', 7);
  if (error instanceof NoSuchRun) return failed('usage', error.message, 'See quarterdeck runbook list.', 2);
  if (error instanceof Problem) {
    const { code, message, next, details } = error;
    return { code, message, next, details, exitCode: code === 'invalid_input' ? 2 : 1 };
  }
  if (!(error instanceof Error)) return failed('failed', String(error), '');
  if (isTimeout(error)) return failed('unavailable', 'The database did not answer in time.', 'Run `quarterdeck doctor` to see why.');
  return fileFailure(error) ?? failed('failed', error.message, isBug(error) ? bugHint : '');
}

function faultyDocument({ message, faults, source }: FaultyDocument): Failure {
  const count = faults.length === 1 ? 'a mistake' : `${faults.length} mistakes`;
  return {
    ...failed('faulty_runbook', `${source.file} has ${count}; nothing was run.\n${message}`, '', 2),
    details: { file: source.file, faults },
  };
}

/** `quarterdeck key create: what failed and why. What to do.` */
export function failureText(command: string, { message, next }: Failure): string {
  // After a list, what to do stands on a line of its own.
  const between = message.includes('\n') ? '\n' : ' ';
  return `${command}: ${next === '' ? message : `${message}${between}${next}`}`;
}

/** The same object that the REST face answers with. */
export function failureJson({ code, message, next, details }: Failure): string {
  return JSON.stringify({ error: { code, message, next, details } });
}

/** A wait with an end throws the reason of its signal, or an `AbortError` around it. */
function isTimeout(error: Error): boolean {
  return error.name === 'TimeoutError' || (error.name === 'AbortError' && error.cause instanceof Error && isTimeout(error.cause));
}

const bugHint = 'This is a mistake in the program: please report it, with what LOG_LEVEL=debug prints.';

/** What Node throws for our own mistakes; everything that is thrown on purpose is an `Error`. */
function isBug(error: Error): boolean {
  return error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError;
}

const fileHints: Readonly<Record<string, string>> = {
  EACCES: 'this user may not. Give the folder to this user, or choose another with --data.',
  EPERM: 'this user may not. Give the folder to this user, or choose another with --data.',
  EROFS: 'the file system can only be read. Choose another folder with --data.',
  ENOSPC: 'the disk is full. Free some space, or choose a folder on another disk with --data.',
  EDQUOT: 'the quota of this user is used up. Free some space, or choose a folder on another disk with --data.',
  ENOTDIR: 'a file is in the way. Choose another folder with --data.',
  EEXIST: 'a file is in the way. Choose another folder with --data.',
  ENOENT: 'there is no such place. Choose another folder with --data.',
  ENAMETOOLONG: 'the name is too long. Choose another folder with --data.',
};

/** The system's refusal of a file or folder. */
function fileFailure(error: NodeJS.ErrnoException): Failure | undefined {
  const hint = fileHints[error.code ?? ''];
  if (hint === undefined || error.path === undefined) return undefined;
  const verb = error.syscall === 'mkdir' ? 'made' : error.syscall === 'open' ? 'opened' : 'used';
  return failed('failed', `${error.path} cannot be ${verb}: ${hint}`, '');
}

function failed(code: string, message: string, next: string, exitCode: ExitCode = 1): Failure {
  return { code, message, next, details: {}, exitCode };
}
