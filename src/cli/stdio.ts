/** `quarterdeck stdio`: MCP over the standard streams, for a client that starts its servers itself. */

import { resolve } from 'node:path';
import type { EffectiveSettings } from '../platform/config/read.ts';
import type { Principal } from '../platform/identity/principal.ts';
import type { Log } from '../platform/telemetry/log.ts';
import type { Platform } from '../server/platform.ts';
import { CliCommand, UsageError } from './command.ts';
import { version } from './invocation.ts';
import { type PlaceOptions, dataOption, noUrlOption, refuseUrl, requireData } from './place.ts';
import { commandLog, settingsOf } from './settings.ts';
import { listenForStop } from './stop.ts';

interface Options extends PlaceOptions {
  user?: string;
  workspace?: string;
}

/** How long to wait for a PostgreSQL server that is not there. A client gives up on a server that says nothing for longer. */
const databaseWaitMs = 10_000;

export function stdioCommand(): CliCommand {
  const command = new CliCommand('stdio', {
    summary: 'Speak MCP over standard input and output.',
    details:
      'Attaches to the server that runs on the data folder, or opens the data itself. Acts as the operator, as --user, or with the credential in QUARTERDECK_TOKEN.\n\nA client starts it in any folder, so give it --data as an absolute path: `claude mcp add quarterdeck -- quarterdeck stdio --data /srv/deck`.',
    example: 'quarterdeck stdio --data "$PWD/.quarterdeck"',
  });
  command
    .option('--user <address>', 'On whose behalf. (default: the operator)')
    .option('--workspace <workspace>', 'In which workspace of that person, by id or name. (default: their own)')
    .addOption(dataOption())
    .addOption(noUrlOption());
  return command.action(async (options: Options) => {
    refuseUrl(options, 'an MCP client reaches a remote server by itself, at /mcp.');
    const who = whoActs(options);
    const effective = settingsOf(options);
    await requireData(effective);
    // The client would otherwise wait for a process that waits for it.
    await serve(effective, who).finally(() => process.stdin.destroy());
  });
}

interface Who {
  user: string | undefined;
  workspace: string | undefined;
  /** A credential that says who acts. */
  token: string | undefined;
}

/** @throws UsageError when two things say who acts */
function whoActs({ user, workspace }: Options): Who {
  const token = process.env['QUARTERDECK_TOKEN'] || undefined;
  if (token !== undefined && (user !== undefined || workspace !== undefined))
    throw new UsageError('QUARTERDECK_TOKEN says who acts, and --user and --workspace say it again.', 'Unset it, or leave them out.');
  return { user, workspace, token };
}

async function serve(effective: EffectiveSettings, who: Who): Promise<void> {
  const { openStdioSession } = await import('../server/attach.ts');
  const socket = await openStdioSession(effective.settings, who);
  if (socket === undefined) return serveHere(effective, commandLog(effective), who);
  const { attachStdio } = await import('../server/mcp/attach.ts');
  await attachStdio(socket);
  if (!process.stdin.readableEnded)
    throw new Error(`The server on ${resolve(effective.settings.data)} stopped. Start it again, then connect again.`);
}

async function serveHere(effective: EffectiveSettings, log: Log, who: Who): Promise<void> {
  const { openPlatform } = await import('../server/platform.ts');
  const { createLocalBackends } = await import('../server/mcp/local-backend.ts');
  const { serveMcpStdio } = await import('../server/mcp/stdio.ts');
  const { offersOf } = await import('../server/mcp/offers.ts');
  const stop = listenForStop();
  // Nobody else can have the embedded database open, so nobody else is there to migrate it.
  const migrate = effective.settings.databaseUrl === undefined;
  const platform = await openPlatform(effective, log, { migrate, signal: AbortSignal.timeout(databaseWaitMs) });
  try {
    const principal = await principalOf(platform, who);
    const backend = createLocalBackends({ ...platform, ...offersOf(platform.registry) })({ principal });
    const session = serveMcpStdio({ backend, version, log });
    await Promise.race([session.closed, stop.requested]);
    await session.close();
  } finally {
    await platform.close();
  }
}

async function principalOf(platform: Platform, { token, ...who }: Who): Promise<Principal> {
  const { localPrincipal } = await import('../server/commands.ts');
  return token === undefined ? localPrincipal(platform, who) : platform.identity.verify(token);
}
