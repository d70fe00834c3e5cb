/** `quarterdeck release logs`: what replicas, proxy and supervisor wrote last. */

import type { LogEnd } from '../../production/release/logs.ts';
import { CliCommand, UsageError } from '../command.ts';
import { countOf } from '../options.ts';
import { oneLine, print, style } from '../output.ts';
import { type ReleaseOptions, stateFolder, withState } from './place.ts';

interface LogsOptions extends ReleaseOptions {
  lines: number;
  match?: RegExp;
}

/** What fits on a screen for three replicas. */
const defaultLines = 20;

export function logsCommand(): CliCommand {
  const command = new CliCommand('logs', {
    summary: 'What each replica, the proxy and the supervisor wrote last.',
    details: 'Without the values of the environment that a version was given. Works while nothing runs.',
    example: 'quarterdeck release logs --state ./release --lines 50',
  });
  withState(command)
    .option('--lines <number>', 'How many lines of each.', countOf, defaultLines)
    .option('--match <pattern>', 'Only lines in which this regular expression is found, such as \'"status":5\'.', patternOf);
  return command.action(async (options: LogsOptions) => {
    const { readLogs } = await import('../../production/release/logs.ts');
    const logs = readLogs(stateFolder(options), { count: options.lines, match: options.match });
    print(options.json, { logs }, () => logs.map(logText).join('\n\n'));
  });
}

function logText({ of, version, lines }: LogEnd): string {
  const title = style('bold', version === null ? of : `${of}, ${version}`);
  return [title, ...(lines.length === 0 ? ['nothing'] : lines.map(oneLine))].join('\n');
}

function patternOf(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch {
    throw new UsageError(`${text} is no regular expression.`, 'Write for example --match error.');
  }
}
