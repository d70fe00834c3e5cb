import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import type { Context } from '../../../src/operations/context.ts';
import { defineJob } from '../../../src/operations/job.ts';
import { type Toolset, defineOperation } from '../../../src/operations/operation.ts';
import { createJobs } from '../../../src/platform/jobs/open.ts';
import { takeJob } from '../../../src/platform/jobs/store.ts';
import type { Jobs } from '../../../src/platform/jobs/types.ts';
import { invalidInput, unavailable } from '../../../src/platform/problem.ts';
import { createLog } from '../../../src/platform/telemetry/log.ts';
import { toolsets } from '../../../src/toolsets/index.ts';
import { type Answer, type Caller, type OwnHouse, openHouse } from '../../support/house.ts';

/** What a job does, by its name; each call of it is one more run. */
type Deed = (context: Context, run: number, settle: (scope: Context) => Promise<void>) => Promise<void>;
const deeds = new Map<string, Deed>();
const runs = new Map<string, number>();

const probe = defineJob({
  name: 'probe',
  input: z.object({ name: z.string() }),
  output: z.object({ run: z.int() }),
  scope: 'knowledge:write',
  async run(context, { name }, settle) {
    const run = (runs.get(name) ?? 0) + 1;
    runs.set(name, run);
    await deeds.get(name)?.(context, run, (scope) => settle(scope, { run }));
    return { run };
  },
});

const beginProbe = defineOperation({
  name: 'begin_probe',
  title: 'Begin',
  description: 'Begins a job.',
  input: z.strictObject({ name: z.string() }),
  output: z.object({ id: z.string() }),
  access: 'write',
  scope: 'knowledge:write',
  http: { method: 'POST', path: '/probes' },
  handler: async (context, { name }) => ({ id: (await context.startJob(probe, { name })).id }),
});

const probes: Toolset = { name: 'probes', description: 'Probes.', operations: [beginProbe], jobs: [probe] };

let house: OwnHouse;
let ada: Caller;
const replicas: Jobs[] = [];

beforeAll(async () => {
  house = await openHouse({ toolsets: [...toolsets, probes], environment: { QUARTERDECK_MAX_JOBS: '4', QUARTERDECK_JOB_POLL_MS: '100' } });
  // Each test has replicas of its own.
  await house.jobKeeper.close();
  ada = await house.person('Ada');
});
afterAll(() => house.close());

const waiting = { timeout: 60_000, interval: 25 };

/** A replica that works on jobs, until the work of the test is done. */
async function replica(given: { leaseSeconds?: number; graceMs?: number; kinds?: readonly string[] } = {}): Promise<Jobs> {
  const { leaseSeconds = 30, graceMs = 0, kinds = house.jobs } = given;
  const settings = { jobsAtOnce: 2, jobLeaseSeconds: leaseSeconds, jobPollMs: 100, maxJobs: 4, shutdownGraceMs: graceMs };
  const jobs = createJobs({ database: house.database, events: house.events, settings, log: createLog({ logLevel: 'silent' }) });
  replicas.push(jobs);
  await jobs.start(kinds, house.runJob);
  return jobs;
}

async function withReplica(work: (jobs: Jobs) => Promise<void>): Promise<void> {
  const jobs = await replica();
  try {
    await work(jobs);
  } finally {
    await jobs.close();
  }
}

let made = 0;
/** Begins a job that does this. */
async function begin(deed: Deed = async () => undefined, by = ada) {
  const name = `probe-${(made += 1)}`;
  deeds.set(name, deed);
  const { id } = await by.call('begin_probe', { name });
  return { id: id as string, runs: () => runs.get(name) ?? 0 };
}

const look = async (id: string, by = ada): Promise<Answer> => (await by.call('get_job', { job_id: id })).job;
const untilStatus = (id: string, status: string, by = ada) =>
  vi.waitFor(async () => {
    const job = await look(id, by);
    expect(job.status).toBe(status);
    return job;
  }, waiting);

/** Lets time pass for a job: its lease runs out, and it need not wait for its next attempt. */
const age = (id: string) =>
  house.database.transaction('system', { mode: 'write' }, ({ db }) =>
    sql`update jobs set leased_until = leased_until - interval '1 hour', run_after = run_after - interval '1 hour' where id = ${id}`.execute(
      db,
    ),
  );

const untilAborted = ({ signal }: Context) =>
  new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('It was stopped.')), { once: true });
  });

const isAway = () => unavailable({ message: 'It is away.', next: 'Try again.' });

describe('a job that fails', () => {
  test('for now is tried again, a little later', () =>
    withReplica(async () => {
      const job = await begin(async (_context, run) => {
        if (run === 1) throw isAway();
      });
      expect(await untilStatus(job.id, 'queued')).toMatchObject({ problem: null });
      await vi.waitFor(() => expect(job.runs()).toBe(1), waiting);
      await untilStatus(job.id, 'queued');
      await age(job.id);
      expect(await untilStatus(job.id, 'done')).toMatchObject({ attempts: 2, result: { run: 2 } });
    }));

  test('for now three times has failed', () =>
    withReplica(async () => {
      const job = await begin(() => Promise.reject(isAway()));
      for (const attempt of [1, 2]) {
        await vi.waitFor(async () => expect(await look(job.id)).toMatchObject({ status: 'queued', attempts: attempt }), waiting);
        await age(job.id);
      }
      expect(await untilStatus(job.id, 'failed')).toMatchObject({ attempts: 3, problem: { code: 'unavailable', retryable: true } });
    }));

  test('for good is not tried again', () =>
    withReplica(async () => {
      const job = await begin(() =>
        Promise.reject(invalidInput({ message: 'It is wrong.', next: 'Mend it.', details: { reason: 'wrong' } })),
      );
      const problem = { code: 'invalid_input', message: 'It is wrong.', next: 'Mend it.', retryable: false, details: { reason: 'wrong' } };
      expect(await untilStatus(job.id, 'failed')).toMatchObject({ attempts: 1, result: null, problem });
    }));

  test('because of a bug does not show it', () =>
    withReplica(async () => {
      const job = await begin(() => Promise.reject(new Error('a secret of the program')));
      const { problem } = await untilStatus(job.id, 'failed');
      expect(problem).toMatchObject({ code: 'internal' });
      expect(JSON.stringify(problem)).not.toContain('secret');
    }));

  test('because its person may not do it any more says so', async () => {
    const bob = await house.colleague(ada, 'Bob', 'member');
    const job = await begin(undefined, bob);
    const { items } = await ada.call('list_members', {});
    await ada.call('update_member', { member_id: items.find(({ name }: Answer) => name === 'Bob').id, role: 'viewer' });
    await withReplica(async () => {
      expect(await untilStatus(job.id, 'failed', bob)).toMatchObject({ problem: { code: 'forbidden' } });
      expect(job.runs()).toBe(0);
    });
  });
});

describe('a job that is cancelled', () => {
  test('is stopped where it runs', () =>
    withReplica(async () => {
      const stopped = vi.fn<() => void>();
      const job = await begin((context) => untilAborted(context).catch(stopped));
      await untilStatus(job.id, 'running');
      expect(await ada.call('cancel_job', { job_id: job.id })).toMatchObject({ job: { status: 'cancelled' } });
      await vi.waitFor(() => expect(stopped).toHaveBeenCalled(), waiting);
      expect(await ada.call('cancel_job', { job_id: job.id })).toMatchObject({ job: { status: 'cancelled', result: null } });
    }));

  test('before it began never runs', async () => {
    const job = await begin();
    await ada.call('cancel_job', { job_id: job.id });
    await withReplica(async () => {
      const next = await begin();
      await untilStatus(next.id, 'done');
      expect(job.runs()).toBe(0);
    });
  });
});

describe('a job that settles its end with its work', () => {
  const work = ({ emit }: Context, id: string) => emit({ type: 'probe.done', subject: id, owner_id: null, data: {} });
  const typesOf = (heard: { type: string; subject: string }[], id: string) =>
    heard.filter(({ subject, type }) => subject === id && type !== 'job.created').map(({ type }) => type);

  test('cannot be cancelled any more', () =>
    withReplica(async () => {
      const heard = await house.listen(ada);
      const { promise: may, resolve } = Promise.withResolvers<void>();
      let signal: AbortSignal | undefined;
      const job = await begin(async (context, _run, settle) => {
        ({ signal } = context);
        await context.transaction('write', async (scope) => {
          work(scope, context.request_id);
          await settle(scope);
        });
        await may;
      });
      await untilStatus(job.id, 'done');
      expect(await ada.refused('cancel_job', { job_id: job.id })).toMatchObject({ code: 'conflict', details: { status: 'done' } });
      // News of another job make it look after its lease, which it has no more.
      await untilStatus((await begin()).id, 'done');
      expect(signal?.aborted).toBe(false);
      resolve();
      await vi.waitFor(() => expect(typesOf(heard, job.id).toSorted()).toEqual(['job.done', 'probe.done']), waiting);
    }));

  test('leaves nothing behind when it was cancelled just before', () =>
    withReplica(async () => {
      const heard = await house.listen(ada);
      const { promise: may, resolve } = Promise.withResolvers<void>();
      const settled = vi.fn<() => void>();
      const job = await begin(async (context, _run, settle) => {
        await may;
        await context.transaction('write', async (scope) => {
          work(scope, context.request_id);
          await settle(scope);
        });
        settled();
      });
      await untilStatus(job.id, 'running');
      // Nobody is told, so that the work does not hear of it.
      await house.database.transaction('system', { mode: 'write' }, ({ db }) =>
        sql`update jobs set status = 'cancelled', run_id = null, leased_until = null, input = null, ended_at = now() where id = ${job.id}`.execute(
          db,
        ),
      );
      resolve();
      const next = await begin(async () => undefined);
      await untilStatus(next.id, 'done');
      expect(await look(job.id)).toMatchObject({ status: 'cancelled', result: null });
      await vi.waitFor(() => expect(typesOf(heard, next.id)).toEqual(['job.done']), waiting);
      expect(settled).not.toHaveBeenCalled();
      expect(typesOf(heard, job.id)).toEqual([]);
    }));

  test('is tried again when its transaction fails after that', () =>
    withReplica(async () => {
      const job = await begin((context, run, settle) =>
        context.transaction('write', async (scope) => {
          await settle(scope);
          if (run === 1) throw isAway();
        }),
      );
      await vi.waitFor(async () => expect(await look(job.id)).toMatchObject({ status: 'queued', attempts: 1 }), waiting);
      await age(job.id);
      expect(await untilStatus(job.id, 'done')).toMatchObject({ attempts: 2, result: { run: 2 } });
    }));
});

describe('a replica', () => {
  test('that stops lets a job end within its grace', async () => {
    const jobs = await replica({ graceMs: 60_000 });
    const { promise: may, resolve } = Promise.withResolvers<void>();
    const job = await begin(() => may);
    await untilStatus(job.id, 'running');
    const closed = jobs.close();
    resolve();
    await closed;
    expect(await look(job.id)).toMatchObject({ status: 'done', attempts: 1 });
  });

  test('that stops gives back what takes longer, and another one takes it', async () => {
    const jobs = await replica();
    const job = await begin((context, run) => (run === 1 ? untilAborted(context) : Promise.resolve()));
    await untilStatus(job.id, 'running');
    await jobs.close();
    expect(await look(job.id)).toMatchObject({ status: 'queued', attempts: 0 });
    await withReplica(async () => {
      expect(await untilStatus(job.id, 'done')).toMatchObject({ attempts: 1, result: { run: 2 } });
    });
  });

  test('that was not heard of loses its job to another, and writes nothing any more', async () => {
    const slow = await replica();
    const { promise: may, resolve } = Promise.withResolvers<void>();
    const job = await begin((_context, run) => (run === 1 ? may : Promise.resolve()));
    await untilStatus(job.id, 'running');
    await age(job.id);
    expect(await untilStatus(job.id, 'done')).toMatchObject({ attempts: 2, result: { run: 2 } });
    resolve();
    await slow.close();
    expect(await look(job.id)).toMatchObject({ status: 'done', result: { run: 2 } });
  });

  test('leaves jobs that it does not know to those that do', async () => {
    const older = await replica({ kinds: ['another'] });
    const job = await begin();
    const newer = await replica();
    expect(await untilStatus(job.id, 'done')).toMatchObject({ attempts: 1 });
    await Promise.all([older.close(), newer.close()]);
  });
});

test('a job that three replicas died with has failed', async () => {
  const job = await begin();
  await house.database.transaction('system', { mode: 'write' }, ({ db }) =>
    sql`update jobs set status = 'running', run_id = id, leased_until = now() - interval '1 second', attempts = 3 where id = ${job.id}`.execute(
      db,
    ),
  );
  await withReplica(async () => {
    expect(await untilStatus(job.id, 'failed')).toMatchObject({ problem: { code: 'unavailable' }, ended_at: expect.any(String) });
    expect(job.runs()).toBe(0);
  });
});

test('of two workspaces the one with less under way comes first', async () => {
  const eve = await house.person('Eve');
  const ids = [(await begin()).id, (await begin()).id, (await begin(undefined, eve)).id];
  const next = () =>
    house.database.transaction('system', { mode: 'write' }, (scope) =>
      takeJob(scope, house.jobs, { run_id: crypto.randomUUID(), leaseSeconds: 30, attempts: 3 }),
    );
  const taken = [await next(), await next(), await next()].map((job) => job?.id);
  expect(taken).toEqual([ids[0], ids[2], ids[1]]);
  expect(await next()).toBeUndefined();
  for (const [index, id] of ids.entries()) await (index === 2 ? eve : ada).call('cancel_job', { job_id: id });
});

test('a person has only so many that have not ended', async () => {
  const begun = await Promise.allSettled(Array.from({ length: 6 }, () => begin()));
  const refused = begun.filter(({ status }) => status === 'rejected');
  expect(refused).toHaveLength(2);
  expect(refused[0]).toMatchObject({ reason: { code: 'overloaded', next: expect.stringContaining('QUARTERDECK_MAX_JOBS') } });
  for (const each of begun) if (each.status === 'fulfilled') await ada.call('cancel_job', { job_id: each.value.id });
});
