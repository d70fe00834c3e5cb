/** `quarterdeck rehearse`: the whole life of a release on one machine, with faults, and a report. */

import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Rehearsal } from '../production/rehearse/rehearse.ts';
import { CliCommand } from './command.ts';
import { version } from './invocation.ts';
import { print, style, table } from './output.ts';
import { withProgress } from './progress.ts';
import { listenForStop } from './stop.ts';

interface RehearseOptions {
  json?: boolean;
  quick?: boolean;
  report: string;
}

/** The status of a process that was interrupted. */
const interrupted = 130;

export function rehearseCommand(): CliCommand {
  const command = new CliCommand('rehearse', {
    summary: 'Rehearse the whole life of a release on this machine, under load and with faults, and report it.',
    details:
      'Deploys this version behind a proxy, puts load on it, releases good versions and bad ones by their runbooks, kills replicas, the supervisor, the proxy and the database, ' +
      'and compares what was acknowledged with what is there. It ends with 0 only if every promise was kept. Nothing that exists is touched: PostgreSQL is one of its own, or a database of its own on the server of DATABASE_URL.',
    example: 'quarterdeck rehearse --quick --report rehearsal.html',
  });
  command
    .option('--quick', 'Watch each version for seconds instead of minutes: about five minutes on two cores.')
    .option('--report <file>', 'Where the report is written.', 'rehearsal.html');
  return command.action(async (options: RehearseOptions) => {
    const stop = listenForStop();
    try {
      const { rehearse } = await import('../production/rehearse/rehearse.ts');
      const { rehearsalReport } = await import('../production/rehearse/report.ts');
      const rehearsal = await withProgress('rehearsing', (report) =>
        rehearse({
          quick: options.quick === true,
          entry: process.argv[1] ?? '',
          runbooks: fileURLToPath(new URL('../../runbooks', import.meta.url)),
          version,
          databaseUrl: process.env['DATABASE_URL'] === '' ? undefined : process.env['DATABASE_URL'],
          signal: stop.signal,
          tell: (message) => {
            report({ message });
            if (!process.stderr.isTTY) process.stderr.write(`${message}\n`);
          },
        }),
      );
      const file = resolve(options.report);
      writeFileSync(file, rehearsalReport(rehearsal));
      const { samples, ...told } = rehearsal;
      print(options.json, { ...told, requests: samples.length, report: file }, () => resultText(rehearsal, file));
      if (!rehearsal.kept) process.exitCode = 1;
    } catch (error) {
      if (!stop.signal.aborted) throw error;
      process.stderr.write('Interrupted: what was made for the rehearsal is gone.\n');
      process.exitCode = interrupted;
    }
  });
}

function resultText({ kept, failure, promises, skipped, seconds, ground }: Rehearsal, file: string): string {
  const rows = table(
    promises,
    [
      { title: '', value: (each) => (each.kept ? '✓' : '✗'), color: (each) => (each.kept ? 'green' : 'red') },
      { title: 'Promised', value: ({ promise }) => promise },
      { title: 'Measured', value: ({ measured }) => measured },
    ],
    'Nothing was rehearsed.',
  );
  const verdict = kept ? style('green', 'Every promise was kept.') : style('red', failure === null ? 'A promise was not kept.' : failure);
  return [
    rows,
    '',
    ...skipped.map((each) => `Not rehearsed: ${each}.`),
    `${verdict} ${Math.round(seconds)} s on ${ground}. The report is ${file}.`,
  ].join('\n');
}
