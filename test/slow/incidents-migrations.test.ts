/** The runbooks of migrations on a live database: what is pending goes in two steps, and what did not work is told apart by real faults. */

import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { migrations } from '../../src/platform/database/migrations/index.ts';
import { signUp } from '../support/client.ts';
import { type Incident, createIncident } from '../support/incident.ts';
import { startPostgres15, withoutPostgres15 } from '../support/postgres-15.ts';

let incident: Incident;
let environment: Record<string, string>;
let live: (number | null)[];
const newest = migrations.at(-1)?.name ?? '';
/** Down to the newest that the version before may not work with. */
const toContraction = migrations.length - migrations.findLastIndex(({ expands }) => expands !== true);

beforeAll(async () => {
  if (withoutPostgres15 !== undefined) return;
  incident = await createIncident(startPostgres15());
  await incident.quarterdeck('migrate', 'up');
  await incident.release.start();
  await incident.deploy('v1');
  environment = { TOKEN: (await signUp(incident.release.url)).key };
  live = await replicas();
});
afterAll(() => incident?.remove());
beforeEach(({ skip }) => skip(withoutPostgres15 !== undefined, withoutPostgres15));

const replicas = async (): Promise<(number | null)[]> =>
  (await incident.release.status()).slots.flatMap((slot) => slot.replicas.map(({ pid }) => pid));

async function pending(): Promise<string[]> {
  return (JSON.parse(await incident.quarterdeck('migrate', 'status', '--json')) as { pending: string[] }).pending;
}

async function query<Row extends pg.QueryResultRow>(text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: incident.databaseUrl });
  await client.connect();
  return (await client.query<Row>(text).finally(() => client.end())).rows;
}

const tables = async (): Promise<string[]> =>
  (await query<{ name: string }>(`select tablename as name from pg_tables where schemaname = 'public'`)).map(({ name }) => name);

const down = (steps = 1) => incident.quarterdeck('migrate', 'down', '--steps', String(steps), '--lose-data', '--yes');

function migrate() {
  const inputs = { BASE_URL: incident.release.url, STORE: join(incident.workshop.folder, 'backups') };
  return incident.run('migrate', inputs, { environment });
}

/** The word that a step captured, and the steps that ran. */
function journal(run: string): { phase: string | undefined; ran: string[] } {
  const ended = incident.workshop.journal(run).flatMap((record) => (record.type === 'step.ended' ? [record] : []));
  return {
    phase: ended.find(({ captured }) => captured?.name === 'phase')?.captured?.value,
    ran: ended.filter(({ outcome }) => outcome === 'passed').map(({ step }) => step),
  };
}

describe('migrate', () => {
  test('finds nothing to do when nothing is pending', async () => {
    const ended = await migrate();
    expect(ended, JSON.stringify(ended)).toMatchObject({ exit: 0, left: [] });
    expect(journal(ended.run).phase).toBe('none');
    expect(journal(ended.run).ran).not.toContain('expand');
  });

  test('expands after a verified backup, under the version that is live, which goes on', async () => {
    await down();
    const ended = await migrate();
    expect(ended, JSON.stringify(ended)).toMatchObject({ exit: 0 });
    expect(journal(ended.run)).toMatchObject({ phase: 'expand', ran: expect.arrayContaining(['backup', 'fresh', 'expand', 'works']) });
    expect(await pending()).toEqual([]);
    expect(await replicas()).toEqual(live);
  });

  test('waits for the owner of the data where the version before may not work with it', async () => {
    await down(toContraction);
    const waiting = await migrate();
    expect(waiting).toMatchObject({ exit: 3, waiting_for: { step: 'contract' } });
    expect(await pending()).toHaveLength(toContraction);
    expect(await incident.approve(waiting, { environment })).toMatchObject({ exit: 0 });
    expect(await pending()).toEqual([]);
  });

  test('leaves the version before able to start: it works with an expansion that it does not know', async () => {
    await query(`insert into quarterdeck_migrations (name, expands) values ('9999_roomier', true)`);
    const [first] = live;
    process.kill(first ?? 0, 'SIGKILL');
    await expect
      .poll(async () => (await incident.release.status()).slots[0]?.replicas.map(({ healthy, pid }) => healthy && pid !== first), {
        timeout: 60_000,
      })
      .toEqual([true, true]);
    live = await replicas();
    await query(`delete from quarterdeck_migrations where name = '9999_roomier'`);
  });
});

describe('failed-migration', () => {
  const look = () => incident.run('failed-migration', { BASE_URL: incident.release.url, LOCK_TIMEOUT: '2s' });

  test('finds nothing wrong with tables that are current, and changes nothing', async () => {
    expect(await look()).toMatchObject({ exit: 0, cause: 'current', left: [] });
    expect(await replicas()).toEqual(live);
  });

  test('runs what nobody has run, when it would work', async () => {
    await down();
    expect(await look()).toMatchObject({ exit: 0, cause: 'ready' });
    expect(await pending()).toEqual([]);
  });

  test('says who holds a lock, and ends that session only with an approval', async () => {
    await down();
    const forgotten = new pg.Client({ connectionString: incident.databaseUrl, application_name: 'forgotten report' });
    forgotten.on('error', () => undefined);
    await forgotten.connect();
    await forgotten.query('begin; lock table quarterdeck_migrations in share mode');
    try {
      const waiting = await look();
      expect(waiting, JSON.stringify(waiting)).toMatchObject({ exit: 3, cause: 'locked', waiting_for: { step: 'end' } });
      const { stdout } = await incident.workshop.runbook(['report', waiting.run]);
      expect(stdout).toMatch(/held by pid \d+ \(forgotten report .*idle in transaction/);
      await expect(forgotten.query('select 1')).resolves.toBeDefined();
      expect(await incident.approve(waiting)).toMatchObject({ exit: 0 });
      expect(await pending()).toEqual([]);
      await expect(forgotten.query('select 1')).rejects.toThrow(/terminat|not queryable/);
    } finally {
      await forgotten.end().catch(() => undefined);
    }
  });

  test('says which statement is refused, and that nothing of it was kept', async () => {
    const before = await tables();
    await down();
    const without = await tables();
    const [made = ''] = before.filter((name) => !without.includes(name));
    await query(`create table ${made} (made_by text)`);
    expect(await look()).toMatchObject({ exit: 1, cause: 'failing', left: [], reason: expect.stringContaining('Nothing of it was kept') });
    expect(await pending()).toEqual([newest]);
    await query(`drop table ${made}`);
    await incident.quarterdeck('migrate', 'up');
  });

  test('knows a database that is newer than the program, and touches nothing', async () => {
    await query(`insert into quarterdeck_migrations (name) values ('9999_later')`);
    expect(await look()).toMatchObject({ exit: 1, cause: 'newer', left: [], reason: expect.stringContaining('newer program') });
    await query(`delete from quarterdeck_migrations where name = '9999_later'`);
    expect(await replicas()).toEqual(live);
  });
});
