import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Answer, type Caller, type OwnHouse, openHouse } from '../../support/house.ts';
import { makePdf } from '../../support/pdf.ts';

let house: OwnHouse;
let ada: Caller;
/** Called after each transaction that wrote something. */
let onWritten: (() => Promise<void>) | undefined;

beforeAll(async () => {
  house = await openHouse({
    environment: {
      QUARTERDECK_INGEST_AT_ONCE: '2000',
      QUARTERDECK_READ_AT_ONCE_MS: '0',
      QUARTERDECK_JOB_POLL_MS: '100',
      QUARTERDECK_MAX_JOBS: '30',
    },
    wrap: (database) => ({
      ...database,
      async transaction(tenant, options, work) {
        const result = await database.transaction(tenant, options, work);
        if (options.mode === 'write') await onWritten?.();
        return result;
      },
    }),
  });
  ada = await house.person('Ada');
});
afterAll(() => house.close());

const waiting = { timeout: 60_000, interval: 50 };
const large = (word: string) => `The ${word} begins here.\n\n${`A sentence about a ${word}, and one more. `.repeat(100)}`;
const ingest = (input: Record<string, unknown>, by = ada) => by.call('ingest_source', input);
const look = async (id: string, by = ada): Promise<Answer> => (await by.call('get_job', { job_id: id })).job;

async function ended(id: string, by = ada): Promise<Answer> {
  return vi.waitFor(async () => {
    const job = await look(id, by);
    expect(job.ended_at).not.toBeNull();
    return job;
  }, waiting);
}

async function rowsOf(id: string): Promise<Answer> {
  return house.database.transaction('system', { mode: 'read' }, async ({ db }) =>
    db
      .withTables<{ jobs: { id: string; input: string | null } }>()
      .selectFrom('jobs')
      .select('input')
      .where('id', '=', id)
      .executeTakeFirst(),
  );
}

describe('a large source', () => {
  test('is taken in by a job, whose result is what the call would have answered', async () => {
    const heard = await house.listen(ada);
    const { job, ...rest } = await ingest({ title: 'Whales', content: large('whale') });
    expect(rest).toEqual({});
    expect(job).toMatchObject({ kind: 'ingest_source', status: 'queued', result: null, problem: null, created_by: { name: 'Ada' } });
    const done = await ended(job.id);
    expect(done).toMatchObject({ status: 'done', attempts: 1, result: { change: 'created', source: { title: 'Whales' } } });
    expect((await ada.call('search_knowledge', { query: 'whale' })).items[0]).toMatchObject({ title: 'Whales' });
    expect(await rowsOf(job.id)).toEqual({ input: null });
    await vi.waitFor(() => {
      const types = heard.filter(({ subject }) => subject === job.id).map(({ type }) => type);
      expect(types.filter((type) => type !== 'job.progressed')).toEqual(['job.created', 'job.done']);
    }, waiting);
  });

  test('that twenty bring at once is one source', async () => {
    const begun = await Promise.all(Array.from({ length: 20 }, () => ingest({ content: large('kraken') })));
    const jobs = await Promise.all(begun.map(({ job }) => ended(job.id)));
    const ids = new Set(jobs.map(({ result }) => result.source.id));
    expect(ids.size).toBe(1);
    expect(jobs.filter(({ result }) => result.change === 'created')).toHaveLength(1);
    expect((await ada.call('list_sources', { query: 'kraken' })).items).toHaveLength(1);
  });

  test('that cannot be read fails the job as it would the call, and leaves nothing behind', async () => {
    const content = Buffer.from('%PDF-1.7\nbroken').toString('base64').padEnd(3_000, '\n');
    const before = await ada.call('list_sources', {});
    const { job } = await ingest({ content, format: 'pdf' });
    const failed = await ended(job.id);
    expect(failed).toMatchObject({
      status: 'failed',
      attempts: 1,
      result: null,
      problem: { code: 'invalid_input', retryable: false, details: { reason: 'damaged' }, next: expect.stringMatching(/\.$/) },
    });
    expect(await ada.call('list_sources', {})).toEqual(before);
    expect(await rowsOf(job.id)).toEqual({ input: null });
  });

  test('may be small as it comes: what takes longer to read than its caller waits goes on as a job', async () => {
    const content = Buffer.from(makePdf([['A page about a nautilus.']])).toString('base64');
    expect(content.length).toBeLessThan(2_000);
    const { job, ...rest } = await ingest({ title: 'Nautilus', content });
    expect(rest).toEqual({});
    expect(await ended(job.id)).toMatchObject({
      status: 'done',
      result: { change: 'created', source: { title: 'Nautilus', format: 'pdf' } },
    });
  });

  test('cannot be cancelled from the moment on in which it is there', async () => {
    const sources = async () => (await ada.call('list_sources', { query: 'moray' })).items as Answer[];
    let refusal: Answer;
    const cancelWhenThere = async () => {
      onWritten = undefined;
      if ((await sources()).length > 0) refusal = await ada.refused('cancel_job', { job_id: (await begun).job.id });
      else onWritten = cancelWhenThere;
    };
    onWritten = cancelWhenThere;
    const begun = ingest({ title: 'Moray', content: large('moray') });
    expect(await ended((await begun).job.id)).toMatchObject({ status: 'done' });
    await vi.waitFor(() => expect(refusal).toMatchObject({ code: 'conflict', details: { status: 'done' } }), waiting);
    expect(await sources()).toHaveLength(1);
  });

  test('for a project that is not there is refused at once', async () => {
    expect(await ada.refused('ingest_source', { project: 'NOWHERE', content: large('shark') })).toMatchObject({ code: 'not_found' });
  });
});

describe('jobs', () => {
  test('are seen by their person and its agents, and by nobody else', async () => {
    const eve = await house.person('Eve');
    const bob = await house.colleague(ada, 'Bob', 'admin');
    const agent = await house.agent(ada, 'Reader', { scopes: ['knowledge:read'] });
    const { job } = await ingest({ content: large('squid') });
    await ended(job.id);
    expect((await look(job.id, agent)).id).toBe(job.id);
    for (const other of [eve, bob]) {
      for (const operation of ['get_job', 'cancel_job'])
        expect(await other.refused(operation, { job_id: job.id })).toMatchObject({ code: 'not_found' });
      expect(await other.call('list_jobs', {})).toEqual({ items: [], next_cursor: null });
    }
    expect(await agent.refused('cancel_job', { job_id: job.id })).toMatchObject({ code: 'forbidden' });
  });

  test('are listed newest first, in pages, and by status', async () => {
    const { job: first } = await ingest({ content: large('crab') });
    await ended(first.id);
    const { job: second } = await ingest({ content: large('crayfish') });
    await ended(second.id);
    const page = await ada.call('list_jobs', { status: 'done', limit: 1 });
    expect(page.items.map(({ id }: Answer) => id)).toEqual([second.id]);
    const next = await ada.call('list_jobs', { status: 'done', limit: 1, cursor: page.next_cursor });
    expect(next.items.map(({ id }: Answer) => id)).toEqual([first.id]);
    expect((await ada.call('list_jobs', { status: 'running' })).items).toEqual([]);
  });

  test('that have ended cannot be cancelled', async () => {
    const { job } = await ingest({ content: large('prawn') });
    await ended(job.id);
    expect(await ada.refused('cancel_job', { job_id: job.id })).toMatchObject({ code: 'conflict', details: { status: 'done' } });
  });
});
