/** `quarterdeck release start` and `stop`: supervisor and proxy. */

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { NotRunning, Refused } from '../../production/release/refused.ts';
import { supervisorLog, supervisorSocket } from '../../production/release/names.ts';
import type { ReleaseStatus } from '../../production/release/status.ts';
import { CliCommand, UsageError } from '../command.ts';
import { print } from '../output.ts';
import { withProgress } from '../progress.ts';
import { listenForStop } from '../stop.ts';
import { statusText } from './picture.ts';
import { type ReleaseOptions, askSupervisor, stateFolder, withState } from './place.ts';

interface Address {
  host: string;
  port: number;
}

interface StartOptions extends ReleaseOptions {
  listen?: Address;
  foreground?: boolean;
}

export function startCommand(): CliCommand {
  const command = new CliCommand('start', {
    summary: 'Start the supervisor and the proxy; what was released in this folder serves again.',
    details:
      'Without --foreground they go on in the background. The supervisor can be killed and started again without a lost request: the proxy and the replicas live on, ' +
      'and are taken up. docs/systemd.md has a unit with which it is up after a reboot.',
    example: 'quarterdeck release start --state ./release --listen 127.0.0.1:8080',
  });
  withState(command)
    .option('--listen <address>', 'Where the proxy listens. (default: where it did the last time, at first 127.0.0.1:8080)', addressFrom)
    .option('--foreground', 'Stay here until told to stop; then everything ends in order.');
  return command.action((options: StartOptions) => (options.foreground === true ? foreground(options) : background(options)));
}

export function stopCommand(): CliCommand {
  const command = new CliCommand('stop', {
    summary: 'End the proxy, the replicas and the supervisor, after what is in flight.',
    details: 'What was released is remembered, and serves again after the next `start`.',
    example: 'quarterdeck release stop --state ./release',
  });
  return withState(command).action(async (options: ReleaseOptions) => {
    await askSupervisor(options, 'stop', null, 'stopping');
    print(options.json, { stopped: true }, () => 'Stopped. What was released serves again after `quarterdeck release start`.');
  });
}

function addressFrom(text: string): Address {
  const [, host = '', port = ''] = /^(?:(.+):)?(\d{1,5})$/.exec(text) ?? [];
  if (port === '' || Number(port) > 65_535 || Number(port) === 0)
    throw new UsageError(`${text} is no address to listen on.`, 'Write for example 127.0.0.1:8080.');
  return { host: host === '' ? '127.0.0.1' : host.replace(/^\[(.*)\]$/, '$1'), port: Number(port) };
}

/** Whoever starts it again, perhaps at night, need not know the address. */
async function addressOf(options: StartOptions): Promise<Address> {
  const { readState } = await import('../../production/release/state.ts');
  return options.listen ?? readState(stateFolder(options))?.listen ?? { host: '127.0.0.1', port: 8080 };
}

async function foreground(options: StartOptions): Promise<void> {
  const { serveRelease } = await import('../../production/release/serve.ts');
  const stop = listenForStop();
  const release = await serveRelease({ folder: stateFolder(options), listen: await addressOf(options) });
  const status = await release.status();
  print(options.json, status, () => statusText(status));
  const how = await Promise.race([stop.requested.then(() => 'told' as const), release.stopped]);
  if (how === 'told') await release.stop();
}

/** How long a supervisor may take to take up what an earlier one left. */
const startMs = 30_000;

const lookMs = 50;

async function background(options: StartOptions): Promise<void> {
  const folder = stateFolder(options);
  if ((await look(folder)) !== undefined)
    throw new Refused(
      `A supervisor runs in ${folder} already.`,
      'See it with `quarterdeck release status`, or choose another folder with --state.',
    );
  const { endOf, launch } = await import('../../production/release/spawn.ts');
  const { lastLines } = await import('../../production/release/logs.ts');
  const { host, port } = await addressOf(options);
  const log = join(folder, supervisorLog);
  const words = [
    'release',
    'start',
    '--foreground',
    '--json',
    '--state',
    folder,
    '--listen',
    `${host.includes(':') ? `[${host}]` : host}:${port}`,
  ];
  const status = await withProgress('starting', async () => {
    const child = await launch(process.execPath, [...process.execArgv, process.argv[1] ?? '', ...words], {
      environment: process.env,
      log,
      gate: 'ignore',
    });
    let ended: string | undefined;
    void endOf(child).then((how) => (ended = how));
    const until = performance.now() + startMs;
    for (;;) {
      const found = await look(folder);
      if (found !== undefined) return found;
      if (ended !== undefined) throw new Error(`It ended at once (${ended}): ${reasonIn(lastLines(log, 1, []))}`);
      if (performance.now() > until) throw new Error(`It does not answer after ${startMs / 1_000} s. ${log} may say why.`);
      await sleep(lookMs);
    }
  });
  print(options.json, status, () => statusText(status));
}

async function look(folder: string): Promise<ReleaseStatus | undefined> {
  const { call } = await import('../../production/release/admin.ts');
  try {
    return (await call(folder, supervisorSocket, 'status', null)) as ReleaseStatus;
  } catch (error) {
    if (error instanceof NotRunning) return undefined;
    throw error;
  }
}

/** What a command that was asked for JSON says of its failure. */
function reasonIn(line: string): string {
  try {
    const { error } = JSON.parse(line) as { error: { message: string; next: string } };
    return `${error.message} ${error.next}`.trim();
  } catch {
    return line;
  }
}
