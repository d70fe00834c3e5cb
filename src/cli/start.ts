/** `quarterdeck start` and `quarterdeck serve`: the server in the foreground, until it is told to stop. */

import { Session } from 'node:inspector/promises';
import { resolve } from 'node:path';
import type { RunningServer } from '../server/start.ts';
import { CliCommand } from './command.ts';
import { withProgress } from './progress.ts';
import { type ParsedOptions, serverLog, serverOptions, settingsOf } from './settings.ts';
import { listenForStop } from './stop.ts';
import { type FirstScreen, firstScreen } from './welcome.ts';

const aboutLogs =
  'Requests are logged to standard error, one JSON object a line. At a terminal only warnings are, unless LOG_LEVEL is set.';

export function startCommand(): CliCommand {
  const command = new CliCommand('start', {
    summary: 'Migrate the database and serve, in one process.',
    details: `Without DATABASE_URL the data is in an embedded database in the data folder, which is made where there is none.\n\n${aboutLogs}`,
    example: 'quarterdeck start --port 9000 --data ./deck',
  });
  for (const option of serverOptions()) command.addOption(option);
  return command.action((options: ServeOptions) => serve(options, { migrate: true }));
}

export function serveCommand(): CliCommand {
  const command = new CliCommand('serve', {
    summary: 'Serve, and refuse while a migration is pending.',
    details: `For installations that migrate as a step of their own, with \`quarterdeck migrate up\`.\n\n${aboutLogs}`,
    example: 'quarterdeck serve --port 9000 --data ./deck',
  });
  for (const option of serverOptions()) command.addOption(option);
  return command.action((options: ServeOptions) => serve(options, { migrate: false }));
}

interface ServeOptions extends ParsedOptions {
  json?: boolean;
}

async function serve(options: ServeOptions, { migrate }: { migrate: boolean }): Promise<void> {
  const effective = settingsOf(options);
  const log = serverLog(effective);
  const stop = listenForStop();
  const { startServer } = await import('../server/start.ts');
  const server = await withProgress('starting', () => startServer(effective, log, { migrate, signal: stop.signal })).catch(
    (error: unknown) => {
      // Told to stop before it had started: nothing failed.
      if (stop.signal.aborted) return undefined;
      throw error;
    },
  );
  if (server === undefined) return;
  process.stdout.write(`${firstScreen(await look(server), options.json === true)}\n`);
  await collectGarbage();
  await stop.requested;
  if (process.stderr.isTTY) process.stderr.write('Stopping. Requests under way are finished; press Ctrl-C again to stop at once.\n');
  await server.close();
}

/**
 * Most of what an idle server holds is left over from loading: without this 190 MB on PostgreSQL, with it 110. V8 would collect it
 * only under load, and grow its heap before.
 */
async function collectGarbage(): Promise<void> {
  const session = new Session();
  session.connect();
  await session.post('HeapProfiler.collectGarbage');
  session.disconnect();
}

async function look({ url, platform }: RunningServer): Promise<FirstScreen> {
  const { effective, settings, identity, database, issuer, models } = platform;
  return {
    listening: url,
    url: issuer,
    data: resolve(settings.data),
    dataFlag: effective.sources.data === 'flag' ? settings.data : undefined,
    database: database.kind,
    hasAccounts: (await identity.operator()) !== undefined,
    models: [models.chat, models.embedding].flatMap((model) => (model === undefined ? [] : [{ name: model.name, place: model.place }])),
  };
}
