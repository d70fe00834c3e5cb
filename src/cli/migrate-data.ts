/** `quarterdeck migrate-data`: everything from the embedded database to PostgreSQL, counted and compared. */

import { resolve } from 'node:path';
import { z } from 'zod';
import type { EffectiveSettings } from '../platform/config/read.ts';
import { CliCommand } from './command.ts';
import { print, table } from './output.ts';
import { type PlaceOptions, askData, dataOption, noUrlOption, refuseUrl, requireData } from './place.ts';
import { settingsOf } from './settings.ts';

interface Options extends PlaceOptions {
  to: string;
}

const copied = z.object({ tables: z.array(z.object({ table: z.string(), rows: z.number() })), rows: z.number() });

export function migrateDataCommand(): CliCommand {
  const command = new CliCommand('migrate-data', {
    summary: 'Copy everything from the embedded database into an empty PostgreSQL database.',
    details:
      'Every table is counted and compared on both sides; all of it arrives, or nothing. A server may run meanwhile, but what is written after the start of the copy is not in it.',
    example: 'quarterdeck migrate-data --to postgres://quarterdeck@localhost/quarterdeck',
  });
  command
    .requiredOption('--to <url>', 'The empty database: postgres://user:password@host/name.')
    .addOption(dataOption())
    .addOption(noUrlOption());
  return command.action(async (options: Options) => {
    refuseUrl(options, 'the data is copied where it lies.');
    const effective = embedded(settingsOf(options));
    await requireData(effective);
    await refusePostgresServer(effective);
    const result = await askData(effective, 'migrate data', { to: options.to }, 'copying');
    print(options.json, result, () => report(copied.parse(result), effective));
  });
}

/** The source is the data folder, also when DATABASE_URL leads to the new database already. */
function embedded({ settings, sources }: EffectiveSettings): EffectiveSettings {
  return { settings: { ...settings, databaseUrl: undefined }, sources };
}

/** That server would copy its own database, which is not the one in the folder. */
async function refusePostgresServer({ settings }: EffectiveSettings): Promise<void> {
  const { findServer } = await import('../server/attach.ts');
  const server = await findServer(settings);
  if (server?.database !== 'postgres') return;
  throw new Error(
    `The server on ${resolve(settings.data)} (process ${server.pid}) has its data in PostgreSQL already, not in that folder. ` +
      'Stop it to copy the embedded database of the folder, or choose another folder with --data.',
  );
}

function report({ tables, rows }: z.output<typeof copied>, { settings }: EffectiveSettings): string {
  const filled = tables.filter((each) => each.rows > 0);
  return [
    table(
      filled,
      [
        { title: 'table', value: (each) => each.table },
        { title: 'rows', value: (each) => each.rows.toLocaleString('en') },
      ],
      'There were no rows.',
    ),
    '',
    `Copied ${rows.toLocaleString('en')} rows of ${tables.length} tables; counts and contents are the same on both sides.`,
    'Now stop the server and start it with DATABASE_URL set to the new database.',
    `Keep --data ${settings.data}: the secrets there are still needed. The embedded database was not changed.`,
  ].join('\n');
}
