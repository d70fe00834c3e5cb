/** The runbooks of requests that fail or are slow, under load, against faults of one replica, of a version, and of nobody. */

import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Load } from '../../src/production/rehearse/load.ts';
import { type Incident, createIncident } from '../support/incident.ts';

let incident: Incident;
let load: Load;

const patience = { EVERY: '2s', MIN_REQUESTS: '30' };

beforeAll(async () => {
  incident = await createIncident();
  await incident.release.start();
  await incident.release.deploy('v1', '--replicas', '2');
  const kinds = [{ name: 'read', share: 1, shoot: () => ({ method: 'GET', path: '/' }) }];
  load = new Load({ host: '127.0.0.1', port: incident.release.port, rate: 60, kinds });
});
afterAll(async () => {
  await load.stop();
  await incident.remove();
});

const live = async () => {
  const { slots } = await incident.release.status();
  return slots.find(({ state }) => state === 'live')?.replicas ?? [];
};

async function breakOne(how: NodeJS.Signals): Promise<string> {
  const [replica] = await live();
  if (replica === undefined || replica.pid === null) throw new Error('there is no replica to break');
  process.kill(replica.pid, how);
  return replica.id;
}

describe('high-error-rate', () => {
  const look = () => incident.run('high-error-rate', patience);

  test('finds nothing wrong with a service that answers, and changes nothing', async () => {
    const before = await live();
    expect(await look()).toMatchObject({ exit: 0, cause: 'none', left: [] });
    expect((await live()).map(({ pid }) => pid)).toEqual(before.map(({ pid }) => pid));
  });

  // While v1 has served without a fault: what a version was like is compared with what it is like now.
  test('goes back from a new version that fails, after somebody has approved it', async () => {
    await incident.release.deploy('v2', '--replicas', '2', '--strategy', 'blue-green', '--env', 'ERRORS=0.1');
    const waiting = await look();
    expect(waiting).toMatchObject({ exit: 3, cause: 'version', waiting_for: { step: 'rollback' } });
    expect(await incident.release.status()).toMatchObject({ live: 'v2' });
    expect(await incident.approve(waiting)).toMatchObject({ exit: 0 });
    expect(await incident.release.status()).toMatchObject({ live: 'v1' });
  });

  test('puts a fresh replica in the place of one that fails, and leaves the others', async () => {
    const [, other] = await live();
    const broken = await breakOne('SIGUSR2');
    expect(await look()).toMatchObject({ exit: 0, cause: 'replica' });
    const ids = (await live()).map(({ id }) => id);
    expect(ids).toHaveLength(2);
    expect(ids).toContain(other?.id);
    expect(ids).not.toContain(broken);
  });
});

describe('high-latency', () => {
  const look = (inputs: Record<string, string> = {}) => incident.run('high-latency', { ...patience, P95: '300ms', ...inputs });

  test('finds nothing wrong with a service that is fast, and changes nothing', async () => {
    const before = await live();
    expect(await look()).toMatchObject({ exit: 0, cause: 'none', left: [] });
    expect((await live()).map(({ pid }) => pid)).toEqual(before.map(({ pid }) => pid));
  });

  test('ends the session that others wait for, and no other, after somebody has seen what it does', async () => {
    const clients = await Promise.all(['forgetful', 'waiting', 'innocent'].map(connect));
    const [forgetful, waiting, innocent] = clients;
    await forgetful?.query('create table held (id int)');
    await forgetful?.query('begin; lock table held');
    await innocent?.query('begin; select 1');
    const waited = waiting?.query('select * from held').then(() => 'went on');
    const blocked = () =>
      incident.quarterdeck('check', 'locks').then(
        () => 'nobody waits',
        () => 'blocked',
      );
    await expect.poll(blocked, { timeout: 60_000, interval: 1_000 }).toBe('blocked');
    const found = await look();
    expect(found).toMatchObject({ exit: 3, cause: 'lock', waiting_for: { step: 'end-session' } });
    const { stdout } = await incident.workshop.runbook(['report', found.run]);
    expect(stdout).toContain('forgetful');
    expect(stdout).toContain('lock table held');
    expect(await incident.approve(found)).toMatchObject({ exit: 0 });
    expect(await waited).toBe('went on');
    expect((await innocent?.query('select 2 as two'))?.rows).toEqual([{ two: 2 }]);
    await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
  });

  test('puts a fresh replica in the place of one that is slow', async () => {
    const slow = await breakOne('SIGHUP');
    // A slow one gets few requests, because the proxy prefers whoever has answered.
    expect(await look({ EVERY: '8s' })).toMatchObject({ exit: 0, cause: 'replica' });
    expect((await live()).map(({ id }) => id)).not.toContain(slow);
  });
});

async function connect(name: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: incident.databaseUrl, application_name: name });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
