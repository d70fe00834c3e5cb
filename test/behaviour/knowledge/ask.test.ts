/** Questions without a model: quotes, refusals, conversations, and whose they are. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deleteOldTurns } from '../../../src/toolsets/knowledge/index.ts';
import { type Answer, type Caller, type OwnHouse, openHouse } from '../../support/house.ts';

let house: OwnHouse;
let ada: Caller;
let bob: Caller;
let mallory: Caller;

beforeAll(async () => {
  house = await openHouse({ environment: { QUARTERDECK_QUESTION_TURNS: '3' } });
  ada = await house.person('Ada');
  bob = await house.colleague(ada, 'Bob', 'viewer');
  mallory = await house.person('Mallory');
});
afterAll(() => house.close());

let projects = 0;
/** A project of its own for each test, so that none finds the sources of another. */
async function project(...sources: Record<string, unknown>[]): Promise<string> {
  projects += 1;
  const key = `Q${projects}`;
  await ada.call('create_project', { key, name: key });
  for (const source of sources) await ada.call('ingest_source', { project: key, ...source });
  return key;
}
const ask = (question: string, more: Record<string, unknown> = {}, by = ada): Promise<Answer> =>
  by.call('ask_knowledge', { question, ...more });

const leases = {
  title: 'Leases',
  content: 'A claim has a lease of 15 minutes.\n\nWhen the lease runs out, the task is free again. Nobody has to do anything for that.',
};
const backups = { title: 'Backups', content: 'A backup is proved by restoring it. The drill does so each month.' };

describe('without a chat model, a question', () => {
  test('is answered with quotes, each with a citation that can be checked', async () => {
    const key = await project(leases, backups);
    const answer = await ask('When is a task free again?', { project: key });
    expect(answer).toMatchObject({
      answer: '“When the lease runs out, the task is free again.” [1]',
      answered: true,
      mode: 'extractive',
      question: 'When is a task free again?',
      dropped_citations: 0,
    });
    expect(answer).not.toHaveProperty('degraded');
    expect(answer.citations).toMatchObject([{ n: 1, title: 'Leases', quote: 'When the lease runs out, the task is free again.' }]);
    const [{ quote, citation }] = answer.citations;
    expect(await ada.call('verify_citation', { ...citation, quote })).toMatchObject({ status: 'valid', text: quote });
  });

  test('may have words in quotes that do not stand together anywhere', async () => {
    const key = await project(leases);
    expect((await ask('What does a "free lease" of a claim mean?', { project: key })).answered).toBe(true);
  });

  test('finds nothing to quote in what has no words', async () => {
    const key = await project({ title: 'Harbour', content: '--- ---' });
    expect(await ask('What is the harbour?', { project: key })).toMatchObject({ answered: false, citations: [] });
  });

  test('that nothing answers is refused, with what to do', async () => {
    const key = await project(leases);
    const empty = { answered: false, citations: [], answer: expect.stringMatching(/^Nothing was found .* ingest_source\.$/) as string };
    expect(await ask('What is MCP?', { project: key })).toMatchObject(empty);
    // One word of many is no answer.
    expect(await ask('Which lease of the Hamburg office garage was signed by the lawyers?', { project: key })).toMatchObject(empty);
    expect(await ask('What is it?', { project: key })).toMatchObject(empty);
    expect(await ask('When is a task free?', { project: await project() })).toMatchObject(empty);
    expect(await ask('When is a task free?', { project: 'ME' }, mallory)).toMatchObject(empty);
  });

  test('can be about one source', async () => {
    const key = await project(leases, { ...backups, content: 'A lease is also a contract.' });
    const { items } = await ada.call('list_sources', { project: key, query: 'Backups' });
    const { citations } = await ask('What is a lease?', { project: key, source_id: items[0].id });
    expect(citations.map(({ title }: Answer) => title)).toEqual(['Backups']);
  });

  test('about a project that is not there is refused', async () => {
    expect((await ada.refused('ask_knowledge', { question: 'x', project: 'NONE' })).code).toBe('not_found');
    for (const wrong of [{}, { question: '' }, { question: 'x'.repeat(1_001) }, { question: 'x', limit: 21 }])
      expect((await ada.refused('ask_knowledge', wrong)).code).toBe('invalid_input');
  });

  test('of a conversation says who speaks and when', async () => {
    const messages = [{ author_name: 'Ann', content: 'The release is on Friday.', timestamp: '2026-01-30T09:00:00Z' }];
    const key = await project({ conversation_id: 'standup', messages });
    const { citations } = await ask('When is the release?', { project: key });
    expect(citations).toMatchObject([{ authors: ['Ann'], at: '2026-01-30T09:00:00.000Z', quote: 'The release is on Friday.' }]);
  });
});

describe('a conversation', () => {
  test('goes on with what was asked before', async () => {
    const key = await project(leases, backups);
    const first = await ask('How long is the lease of a claim?', { project: key });
    expect(first.answer).toContain('15 minutes');
    const { conversation_id } = first;
    const second = await ask('And when does it run out?', { project: key, conversation_id });
    expect(second).toMatchObject({ conversation_id, question: expect.stringContaining('lease') as string });
    expect(second.answer).toContain('runs out');
    expect((await ask('And when does it run out?', { project: key })).question).toBe('And when does it run out?');
  });

  test('may have an id of the caller’s own, also that of a conversation that was taken in', async () => {
    await ada.call('ingest_source', { conversation_id: 'test-123', content: 'test message' });
    const answer = await ask('What is MCP?', { conversation_id: 'test-123' });
    expect(answer).toMatchObject({ conversation_id: 'test-123', answered: false });
    expect((await ask('What was the test message?', { conversation_id: 'test-123' })).citations).toMatchObject([{ quote: 'test message' }]);
  });

  test('is its caller’s alone, whoever else takes its id', async () => {
    const key = await project(leases);
    const agent = await house.agent(ada, 'Ada’s agent');
    await ask('How long is the lease of a claim?', { project: key, conversation_id: 'same' });
    for (const who of [bob, mallory, agent]) {
      const { question } = await ask('And when does it run out?', { conversation_id: 'same' }, who);
      expect(question).toBe('And when does it run out?');
    }
    expect((await ask('And when does it run out?', { project: key, conversation_id: 'same' })).question).toContain('lease');
  });

  test('is remembered for as many turns as the settings say', async () => {
    const key = await project(leases);
    for (const n of [1, 2, 3, 4, 5]) await ask(`What is lease ${n}?`, { project: key, conversation_id: 'long' });
    expect(await turns('long')).toEqual(['What is lease 3?', 'What is lease 4?', 'What is lease 5?']);
  });

  test('forgets what cites a source that is gone, and what is old', async () => {
    const key = await project(leases);
    const options = { project: key, conversation_id: 'gone' };
    const { citations } = await ask('How long is the lease of a claim?', options);
    await ada.call('delete_source', { source_id: citations[0].source_id });
    // Not known any more, though it is still there until the next sweep.
    expect((await ask('And when does it run out?', options)).question).toBe('And when does it run out?');
    const sweep = (days: number) => house.database.transaction('system', { mode: 'write' }, (scope) => deleteOldTurns(scope, days));
    await sweep(30);
    expect(await turns('gone')).toEqual(['And when does it run out?']);
    await sweep(-1);
    expect(await turns('gone')).toEqual([]);
  });

  test('of a project goes with it', async () => {
    const key = await project(leases);
    await ask('What is a lease?', { project: key, conversation_id: 'deleted' });
    await ada.call('delete_project', { project: key, force: true });
    expect(await turns('deleted')).toEqual([]);
  });
});

/** What is stored of a conversation of Ada's. */
async function turns(conversation_id: string): Promise<string[]> {
  const rows = await house.database.transaction(ada.principal, { mode: 'read' }, ({ db }) =>
    db
      .withTables<{ question_turns: { id: string; conversation_id: string; question: string } }>()
      .selectFrom('question_turns')
      .select('question')
      .where('conversation_id', '=', conversation_id)
      .orderBy('id')
      .execute(),
  );
  return rows.map(({ question }) => question);
}
