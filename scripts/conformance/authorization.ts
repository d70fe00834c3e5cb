/** Runs the suite's scenarios for authorization servers against ours, and signs a person in where the suite waits for one. */

import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { readSettings } from '../../src/platform/config/read.ts';
import { createLog } from '../../src/platform/telemetry/log.ts';
import { startServer } from '../../src/server/start.ts';
import { Browser, register } from '../../test/support/oauth.ts';

export interface AuthorizationOutcome {
  /** As the suite prints them, a line each. */
  checks: string[];
  passed: boolean;
}

const person = { email: 'suite@example.com', password: 'correct horse battery staple', name: 'Suite' };

/** On an embedded database in a temporary folder. */
export async function runAuthorization(): Promise<AuthorizationOutcome> {
  const data = await mkdtemp(join(tmpdir(), 'quarterdeck-conformance-'));
  const effective = readSettings({ environment: { QUARTERDECK_PORT: '0', QUARTERDECK_DATA: data, LOG_LEVEL: 'error' }, folder: data });
  const server = await startServer(effective, createLog(effective.settings), { migrate: true });
  try {
    await server.platform.identity.signUp(person);
    return await runSuite(server.url, data);
  } finally {
    await server.close();
    await rm(data, { recursive: true, force: true });
  }
}

async function runSuite(issuer: string, folder: string): Promise<AuthorizationOutcome> {
  const port = await freePort();
  const { body } = await register(issuer, { client_name: 'Conformance suite', redirect_uris: [`http://127.0.0.1:${port}/callback`] });
  const { client_id } = body as { client_id: string };
  const suite = join(dirname(createRequire(import.meta.url).resolve('@modelcontextprotocol/conformance/package.json')), 'dist', 'index.js');
  const options = ['--url', issuer, '--client-id', client_id, '--resource', `${issuer}/mcp`, '--port', String(port)];
  const child = spawn(process.execPath, [suite, 'authorization', ...options], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const lines: string[] = [];
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      lines.push(line);
      const [asked] = line.match(/https?:\S+\/oauth2\/authorize\?\S+/) ?? [];
      if (asked !== undefined) await signIn(asked);
    }
  } catch (error) {
    // It would wait for the browser for minutes.
    child.kill();
    throw error;
  }
  // A scenario that had nothing to check would pass as well.
  const skipped = lines.some((line) => /SKIPPED/.test(line));
  return {
    checks: lines.filter((line) => /passed|failed|SUCCESS|FAILURE|WARNING|SKIPPED/.test(line)),
    passed: (await exited) === 0 && !skipped,
  };
}

/** The suite listens where the browser is led back to. */
async function signIn(asked: string): Promise<void> {
  const back = await new Browser().walk(asked, person);
  await fetch(back);
}

/** Free a moment ago: the suite wants a number and not 0. */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
