/** Where a release is, and how its supervisor is asked. */

import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { NotRunning } from '../../production/release/refused.ts';
import { supervisorSocket } from '../../production/release/names.ts';
import type { CliCommand } from '../command.ts';
import { withProgress } from '../progress.ts';
import { listenForStop } from '../stop.ts';

export interface ReleaseOptions {
  state?: string;
  json?: boolean;
}

export function withState(command: CliCommand): CliCommand {
  command.option(
    '--state <folder>',
    'Where the release keeps its state, its sockets and its logs (default: QUARTERDECK_RELEASE_STATE, or release in the state folder of this user).',
  );
  return command;
}

/** https://specifications.freedesktop.org/basedir-spec/latest/ */
export function stateFolder({ state }: ReleaseOptions): string {
  const { QUARTERDECK_RELEASE_STATE: said, XDG_STATE_HOME: home = join(homedir(), '.local', 'state') } = process.env;
  return resolve(state ?? (said === undefined || said === '' ? join(home, 'quarterdeck', 'release') : said));
}

/** Between looks for a supervisor that is waited for: a tenth of what its start takes. */
const lookMs = 100;

/**
 * The answer of the supervisor; `waitMs`: how long to wait for one to come up. Ctrl-C takes back what it was asked for.
 * @throws Error when none runs there, or it refuses
 */
export async function askSupervisor(options: ReleaseOptions, command: string, input: unknown, doing: string, waitMs = 0): Promise<unknown> {
  const { call } = await import('../../production/release/admin.ts');
  const folder = stateFolder(options);
  const { signal } = listenForStop();
  const until = performance.now() + waitMs;
  try {
    return await withProgress(doing, async (report) => {
      for (;;) {
        try {
          return await call(folder, supervisorSocket, command, input, { signal, onProgress: (message) => report({ message }) });
        } catch (error) {
          if (!(error instanceof NotRunning) || performance.now() >= until) throw error;
          await sleep(lookMs, undefined, { signal });
        }
      }
    });
  } catch (error) {
    if (error instanceof NotRunning)
      throw new Error(
        `No supervisor runs in ${folder}. Start one with \`quarterdeck release start\`, or choose another folder with --state.`,
        {
          cause: error,
        },
      );
    if (signal.aborted) throw new Error('Interrupted: what was begun is taken back, and what was live serves as before.', { cause: error });
    throw error;
  }
}
