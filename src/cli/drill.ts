/** `quarterdeck drill`: the proof that a backup brings the service back, and how long that takes. */

import { join } from 'node:path';
import { z } from 'zod';
import type { Drill } from '../production/drill/drill.ts';
import { showDuration } from '../system/duration.ts';
import { type BackupOptions, type Ground, onStore, withBackupOptions } from './backup/ground.ts';
import { CliCommand } from './command.ts';
import { version } from './invocation.ts';
import { durationOf } from './options.ts';
import { facts, print, style, table } from './output.ts';
import { withProgress } from './progress.ts';

interface DrillOptions extends BackupOptions {
  rto?: number;
  rpo?: number;
  ledger?: string;
}

export function drillCommand(): CliCommand {
  const command = new CliCommand('drill', {
    summary: 'Restore the newest backup somewhere else, start a server on it, ask it questions, and measure.',
    details:
      'RTO is the time from the start of this command to the last answer, RPO the age of the moment that the backup holds. The drill fails when one is longer than promised, or an answer is wrong. ' +
      'Each drill is a line in the ledger, also one that failed. The restored database and its server are gone afterwards, also after Ctrl-C.',
    example: 'quarterdeck drill --to /srv/backups --rto 15m --rpo 1h',
  });
  command
    .option('--rto <duration>', 'The longest it may take. (default: QUARTERDECK_RECOVERY_TIME_SECONDS)', durationOf)
    .option('--rpo <duration>', 'The most that may be lost. (default: QUARTERDECK_RECOVERY_POINT_SECONDS)', durationOf)
    .option('--ledger <file>', 'Where the line is written. (default: drills.jsonl in the data folder)');
  return withBackupOptions(command).action(async (options: DrillOptions) => {
    const result = await onStore(options, (ground) => drill(ground, options));
    print(options.json, result, () => report(result));
    if (!result.passed) process.exitCode = 1;
  });
}

async function drill(ground: Ground, { rto, rpo, ledger }: DrillOptions): Promise<Drill> {
  const { store, settings, log, signal } = ground;
  const { findBackup } = await import('../production/backup/catalogue.ts');
  const { runDrill } = await import('../production/drill/drill.ts');
  const { appendToLedger } = await import('../production/drill/ledger.ts');
  const file = ledger ?? join(settings.data, 'drills.jsonl');
  const at = new Date().toISOString();
  const objectives = {
    rto_seconds: rto === undefined ? settings.recoveryTimeSeconds : rto / 1_000,
    rpo_seconds: rpo === undefined ? settings.recoveryPointSeconds : rpo / 1_000,
  };
  let backup: string | null = null;
  try {
    const found = await findBackup(store, 'latest');
    backup = found.id;
    const result = await withProgress('drilling', (tell) =>
      runDrill({
        store,
        backup: found,
        settings,
        log,
        signal,
        objectives,
        toolVersion: version,
        serverUrl: settings.scratchUrl ?? settings.databaseUrl,
        program: process.argv[1] ?? '',
        progress: (message) => tell({ message }),
        makeKey: (restored, who) => makeKey(ground, restored, who),
      }),
    );
    appendToLedger(file, { at, ...result, error: null });
    return result;
  } catch (error) {
    const why = signal.aborted ? 'stopped by a signal' : error instanceof Error ? error.message : String(error);
    appendToLedger(file, { at, backup, rto_seconds: null, rpo_seconds: null, objectives, questions: [], passed: false, error: why });
    throw error;
  }
}

/** As the command line makes one: through the server where the database is embedded, else in the database. */
async function makeKey(
  { effective, log }: Ground,
  settings: Ground['settings'],
  { email, workspace_id }: { email: string; workspace_id: string },
): Promise<string> {
  const { runCommand } = await import('../server/attach.ts');
  const input = { user: email, workspace: workspace_id, name: 'drill' };
  const made = await runCommand({ effective: { ...effective, settings }, log, name: 'key create', input });
  return z.object({ key: z.string() }).parse(made).key;
}

function report({ backup, rto_seconds, rpo_seconds, objectives, questions, passed }: Drill): string {
  const measured = (seconds: number, most: number) => {
    const text = `${showDuration(seconds * 1_000)} of at most ${showDuration(most * 1_000)}`;
    return style(seconds <= most ? 'green' : 'red', text);
  };
  return [
    `${passed ? style('green', 'passed') : style('red', 'failed')}  ${backup}`,
    '',
    facts([
      ['time to recover', measured(rto_seconds, objectives.rto_seconds)],
      ['would be lost', measured(rpo_seconds, objectives.rpo_seconds)],
    ]),
    '',
    table(
      questions,
      [
        { title: 'question', value: ({ question }) => question },
        { title: 'answer', value: ({ answer }) => answer, color: (each) => (each.passed ? 'green' : 'red') },
        { title: 'expected', value: (each) => (each.passed ? '' : each.expected) },
      ],
      'Nothing was asked.',
    ),
  ].join('\n');
}
