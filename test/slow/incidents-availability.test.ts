/** The runbooks of a service that does not answer and of replicas that end, against real faults: causes are told apart, and nothing else is changed. */

import { createServer } from 'node:http';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { identityOf } from '../../src/system/process.ts';
import { type Incident, createIncident } from '../support/incident.ts';

let incident: Incident;
const ourVersion = 'v1';

beforeAll(async () => {
  incident = await createIncident();
  await incident.quarterdeck('migrate', 'up');
  await incident.release.start();
  await incident.deploy(ourVersion);
});
afterAll(() => incident.remove());

const ready = async (): Promise<boolean> => (await fetch(`${incident.release.url}/health/ready`)).ok;

function kill(pid: number | null): void {
  if (pid !== null) process.kill(pid, 'SIGKILL');
}

describe('server-unavailable', () => {
  const look = (inputs: Record<string, string> = {}) => incident.run('server-unavailable', { BASE_URL: incident.release.url, ...inputs });

  test('finds nothing wrong with a service that answers, and changes nothing', async () => {
    const before = await incident.release.status();
    expect(await look()).toMatchObject({ exit: 0, cause: 'none', left: [] });
    expect(await incident.release.status()).toMatchObject({ slots: [{ replicas: before.slots[0]?.replicas.map(({ pid }) => ({ pid })) }] });
  });

  test('starts the supervisor and the proxy again, and finds the replicas', async () => {
    const before = await incident.release.status();
    kill(before.supervisor.pid);
    await expect.poll(() => identityOf(before.supervisor.pid)).toBeUndefined();
    kill(before.proxy.pid);
    expect(await look()).toMatchObject({ exit: 0, cause: 'unsupervised' });
    const after = await incident.release.status();
    expect(after.listen).toBe(before.listen);
    expect(after.slots[0]?.replicas.map(({ pid }) => pid)).toEqual(before.slots[0]?.replicas.map(({ pid }) => pid));
    expect(await ready()).toBe(true);
  });

  test('says that the database is away, keeps what it saw, and restarts no replica', async () => {
    const before = await incident.release.status();
    await incident.cluster.kill();
    await expect.poll(ready, { timeout: 30_000 }).toBe(false);
    const found = await look();
    expect(found).toMatchObject({ exit: 1, cause: 'database', reason: expect.stringContaining('lost-database.md') });
    const { stdout } = await incident.workshop.runbook(['report', found.run]);
    expect(stdout).toContain('ECONNREFUSED');
    await incident.cluster.restart();
    await expect.poll(ready, { timeout: 60_000 }).toBe(true);
    const after = await incident.release.status();
    expect(after.slots[0]?.replicas.map(({ pid }) => pid)).toEqual(before.slots[0]?.replicas.map(({ pid }) => pid));
  });

  test('says that it is the way to the service, when that answers here', async () => {
    const balancer = createServer((_request, response) => response.writeHead(502).end()).listen(0, '127.0.0.1');
    await once(balancer, 'listening');
    const address = balancer.address();
    const port = typeof address === 'object' ? address?.port : 0;
    expect(await look({ BASE_URL: `http://127.0.0.1:${port}` })).toMatchObject({ exit: 1, cause: 'beyond' });
    balancer.close();
  });

  test('goes back to the version before, when that still runs and no replica of the new one is healthy', async () => {
    const { release, serve } = incident;
    const gone = join(release.folder, 'gone');
    await incident.deploy('v2', '--strategy', 'blue-green', '--command', `test -e '${gone}' && exit 1; exec ${serve}`);
    writeFileSync(gone, '');
    const slot = (await release.status()).slots.find(({ version }) => version === 'v2');
    for (const { pid } of slot?.replicas ?? []) kill(pid);
    await expect
      .poll(async () => (await release.status()).slots.find(({ version }) => version === 'v2')?.replicas.some(({ healthy }) => healthy))
      .toBe(false);
    expect(await look()).toMatchObject({ exit: 0, cause: 'version' });
    expect(await release.status()).toMatchObject({ live: ourVersion });
  });

  test('says that somebody stopped it, and does not start it against their will', async () => {
    const { release } = incident;
    await release.done(['stop']);
    expect(await look()).toMatchObject({ exit: 1, cause: 'stopped', reason: expect.stringContaining('Ask who') });
    expect(readFileSync(join(release.state, 'events.jsonl'), 'utf8').trimEnd().split('\n').at(-1)).toContain('supervisor stopped');
    await release.done(['start']);
    await expect.poll(ready, { timeout: 60_000 }).toBe(true);
  });
});

describe('replica-crash-loop', () => {
  const look = () => incident.run('replica-crash-loop', { QUIET: '2s', MOST_ENDS: '2' });
  /** Ends counted since the tests before are none of these. */
  const ended = async () => Number(await incident.quarterdeck('check', 'release', '--state', incident.release.state, '--print', 'ended'));
  const until = async (count: number) => {
    await expect.poll(ended, { timeout: 90_000, interval: 500 }).toBeGreaterThan(count);
  };

  beforeAll(() => {
    // Nothing of the incidents before; the log itself is always there.
    writeFileSync(join(incident.release.state, 'events.jsonl'), '');
  });

  test('finds nothing wrong when none ended, and changes nothing', async () => {
    const before = await incident.release.status();
    expect(await look()).toMatchObject({ exit: 0, cause: 'none', left: [] });
    expect(await incident.release.status()).toMatchObject({ slots: [{ replicas: before.slots[0]?.replicas.map(({ pid }) => ({ pid })) }] });
  });

  test('goes back from a new version that starts and ends, once somebody approves', async () => {
    const { release } = incident;
    // It is healthy first, so no gate keeps it out.
    await release.deploy(
      'dying',
      '--replicas',
      '1',
      '--strategy',
      'blue-green',
      '--command',
      `(sleep 2; kill -9 $$) & exec ${release.command}`,
    );
    await until(2);
    const waiting = await look();
    expect(waiting).toMatchObject({ exit: 3, cause: 'version', waiting_for: { step: 'rollback' } });
    expect(await incident.approve(waiting)).toMatchObject({ exit: 0 });
    expect(await release.status()).toMatchObject({ live: ourVersion });
  });

  test('says that the settings are wrong, with every problem, and starts nothing', async () => {
    const { release, serve, environmentFile } = incident;
    const file = join(release.folder, 'own.env');
    const good = readFileSync(environmentFile, 'utf8');
    writeFileSync(file, good);
    await incident.deploy('reads-its-own', '--replicas', '1', '--command', `set -a; . '${file}'; set +a; exec ${serve}`);
    writeFileSync(file, `${good}QUARTERDECK_STATEMENT_TIMEOUT_MS=never\n`);
    const before = await ended();
    const { slots } = await release.status();
    kill(slots.find(({ version }) => version === 'reads-its-own')?.replicas[0]?.pid ?? null);
    await until(before + 2);
    const found = await look();
    expect(found).toMatchObject({ exit: 1, cause: 'settings' });
    const { stdout } = await incident.workshop.runbook(['report', found.run]);
    expect(stdout).toContain('QUARTERDECK_STATEMENT_TIMEOUT_MS');
    writeFileSync(file, good);
    await expect.poll(ready, { timeout: 60_000 }).toBe(true);
  });
});
