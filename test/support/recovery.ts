/** What the tests of a lost or damaged database stand on: PostgreSQL 15 with an archive, a server at work, and runbooks run as the database's own user. */

import { dirname, join } from 'node:path';
import { type Archive, archiveSettings, startArchive, withoutPgBackRest } from '../../src/production/rehearse/archive.ts';
import { freePort } from '../../src/production/release/spawn.ts';
import { fill, placeOn } from './backup.ts';
import { type Client, client } from './client.ts';
import { type Postgres15, startPostgres15, withoutPostgres15 } from './postgres-15.ts';
import { type LastLine, type Workshop, createWorkshop, withoutReach } from './runbook.ts';
import { type Place, type TestServer, startTestServer } from './server.ts';

export interface Recovery {
  readonly cluster: Postgres15;
  readonly archive: Archive;
  readonly place: Place;
  readonly database: string;
  readonly server: TestServer;
  readonly agent: Client;
  readonly workshop: Workshop;
  /** Titles of the agent's own tasks. */
  titles(): Promise<string[]>;
  /** Now, as the database says it, because its clock names the transactions. */
  moment(): Promise<string>;
  /** Runs `runbooks/NAME.md` with the inputs that every one of them needs, and these. Confirmations are answered, approvals are not. */
  run(name: string, inputs: Readonly<Record<string, string>>): Promise<LastLine>;
  /** Gives the approval that a run waits for, and goes on with it, or with the run that ran it. */
  approve(run: string, outer?: string): Promise<LastLine>;
  show(run: string): Promise<Shown>;
  remove(): Promise<void>;
}

export interface Shown {
  readonly hash: string;
  readonly steps: readonly { name: string; outcome: string | null; reason: string | null }[];
}

/** These tests are about what survives. */
const durable = { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on' };

/** A string says why it cannot be had here. */
export async function openRecovery(settings: Readonly<Record<string, string>> = {}): Promise<Recovery | string> {
  const without = withoutPostgres15 ?? withoutPgBackRest;
  if (without !== undefined) return without;
  const cluster = await startPostgres15({ ...archiveSettings, ...durable, ...settings });
  const unreachable = withoutReach(cluster.account);
  if (unreachable !== undefined) {
    await cluster.stop();
    return unreachable;
  }
  const archive = await startArchive(cluster);
  const place = await placeOn(cluster);
  const user = await fill(place);
  const server = await startTestServer({ place });
  const agent = client(server.url, user.key);
  const workshop = createWorkshop(cluster.account);
  const databaseUrl = place.databaseUrl ?? '';
  // The same when a run is resumed: the runbooks that it runs take their inputs from there too.
  let environment: Record<string, string> = { DATABASE_URL: databaseUrl };
  const database = new URL(databaseUrl).pathname.slice(1);
  const show = async (run: string): Promise<Shown> => JSON.parse((await workshop.runbook(['show', run, '--json'])).stdout) as Shown;
  return {
    cluster,
    archive,
    place,
    database,
    server,
    agent,
    workshop,
    async titles() {
      const { body } = await agent.get<{ items: { title: string }[] }>('/tasks?project=ME');
      return body.items.map(({ title }) => title).toSorted();
    },
    async moment() {
      const [row] = await cluster.query(`select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00' as now`);
      return String(row?.['now']);
    },
    async run(name, inputs) {
      const given: Record<string, string> = {
        BASE_URL: server.url,
        DATABASE: database,
        STANZA: archive.stanza,
        PGBACKREST_CONFIG: archive.config,
        BIN: dirname(cluster.binaries.postgres),
        HOST: cluster.folder,
        PORT: String(cluster.port),
        SERVER_CONFIG: join(cluster.folder, 'data', 'postgresql.conf'),
        SECOND_PORT: String(await freePort('127.0.0.1')),
        ...inputs,
      };
      const words = ['run', join(import.meta.dirname, `../../runbooks/${name}.md`), '--yes', '--by', 'ada'];
      // As inputs of the environment: which of them a runbook has is its own business.
      const asInputs = Object.entries(given).map(([input, value]) => [`INPUT_${input}`, value]);
      environment = { DATABASE_URL: databaseUrl, ...(Object.fromEntries(asInputs) as Record<string, string>) };
      return workshop.last(words, { environment });
    },
    async approve(run, outer = run) {
      const { hash } = await show(run);
      const { code, stderr } = await workshop.runbook(['approve', run, '--by', 'grace', '--hash', hash]);
      if (code !== 0) throw new Error(stderr);
      return workshop.last(['resume', outer, '--yes', '--by', 'ada'], { environment });
    },
    show,
    async remove() {
      await server.close();
      await place.remove();
      await workshop.remove();
      await cluster.stop();
    },
  };
}
