/** `quarterdeck release prune`: the logs of replicas that are gone. */

import { CliCommand } from '../command.ts';
import { print, table } from '../output.ts';
import { type ReleaseOptions, stateFolder, withState } from './place.ts';

export function pruneCommand(): CliCommand {
  const command = new CliCommand('prune', {
    summary: 'Show the logs of replicas that are gone, and with --apply remove them.',
    details: 'Those of replicas that are or should be there stay, as do the events. Works while nothing runs.',
    example: 'quarterdeck release prune --state ./release --apply',
  });
  withState(command).option('--apply', 'Remove them. Without it, nothing is changed.');
  return command.action(async (options: ReleaseOptions & { apply?: boolean }) => {
    const { findOldLogs, removeLogs } = await import('../../production/release/prune.ts');
    const logs = findOldLogs(stateFolder(options), Date.now());
    const applied = options.apply === true;
    if (applied) removeLogs(logs);
    const bytes = logs.reduce((sum, log) => sum + log.bytes, 0);
    const size = `${Math.ceil(bytes / 1024 ** 2)} MiB`;
    print(options.json, { applied, bytes, logs }, () => {
      if (logs.length === 0) return 'Nothing has to go.';
      const rows = table(
        logs,
        [
          { title: 'log', value: ({ file }) => file },
          { title: 'bytes', value: (log) => String(log.bytes) },
        ],
        '',
      );
      return `${rows}\n\n${applied ? `Removed ${logs.length}, ${size}.` : `${logs.length} may go, ${size}. Nothing was removed: --apply does it.`}`;
    });
  });
}
