import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database, TransactionScope } from '../../../src/platform/database/types.ts';
import { Problem } from '../../../src/platform/problem.ts';
import { type Caller, type House, type OwnHouse, houseOf, openHouse } from '../../support/house.ts';
import { client, startTestServer, type TestServer } from '../../support/server.ts';
import { connectSecond } from '../mcp/support/clients.ts';
import { type Attack, attacksOn, listings, unclassified } from './attacks.ts';
import { type Scene, buildScene } from './scene.ts';
import { scopingOff } from './scoping-off.ts';
import { overMcp, overRest } from './wire.ts';

/** How a call ended, in words that can be compared. */
export type Ending = { outcome: string; text: string };
type Attempt = (caller: Caller, operation: string, input: Record<string, unknown>, idempotency_key?: string) => Promise<Ending>;

const direct: Attempt = async (caller, operation, input, idempotency_key) => {
  try {
    const answer = await caller.call(operation, input, idempotency_key === undefined ? {} : { idempotency_key });
    return { outcome: 'ok', text: JSON.stringify(answer) };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { outcome: error.code, text: `${error.message} ${error.next} ${JSON.stringify(error.details)}` };
  }
};

interface Stage {
  house: House;
  attempt: Attempt;
  close(): Promise<void>;
}

const stages: Record<string, () => Promise<Stage>> = {
  'over REST': async () =>
    onServer(
      (server) =>
        (caller, ...call) =>
          overRest(client(server.url, caller.token), server.registry, ...call),
    ),
  'over MCP': async () =>
    onServer(
      (server) =>
        (caller, ...call) =>
          overMcp(server, caller, ...call),
    ),
  'with row-level security alone': async () => {
    const plugin = scopingOff();
    const house = await openHouse({ plugins: [plugin] });
    return {
      house,
      attempt: direct,
      async close() {
        await house.close();
        expect(plugin.removed, 'conditions taken out').toBeGreaterThan(100);
      },
    };
  },
};

async function onServer(attemptOn: (server: TestServer) => Attempt): Promise<Stage> {
  const server = await startTestServer();
  return { house: houseOf(server.platform), attempt: attemptOn(server), close: () => server.close() };
}

/** Two endings that differ only in the name of the thing, and in the time they took, are the same to an attacker. */
const masked = ({ outcome, text }: Ending, name: string) => ({
  outcome,
  text: text.replaceAll(name, 'THING').replace(/\\?"execution_ms\\?":[\d.]+/g, ''),
});

/** Operations that answer about things that are not there. */
const asking = new Set(['search_knowledge', 'ask_knowledge', 'verify_citation']);

describe.each(Object.keys(stages))('isolation %s', (name) => {
  let stage: Stage;
  let scene: Scene;

  beforeAll(async () => {
    stage = await (stages[name] as () => Promise<Stage>)();
    scene = await buildScene(stage.house);
  });
  afterAll(() => stage.close());

  const run = async (attacker: Caller, attacks: Attack[]) => {
    const before = await scene.fingerprint();
    const told: string[] = [];
    for (const { operation, input, control, field, foreign, absent } of attacks) {
      const ending = await stage.attempt(attacker, operation, input);
      const expected = await stage.attempt(attacker, operation, control);
      const what = `${operation} with ${field} ${foreign}`;
      const same = JSON.stringify(masked(ending, foreign)) === JSON.stringify(masked(expected, absent));
      // To find nothing is an answer of searches and checks; of anything else it would be a success.
      if (ending.outcome === 'ok' && !(same && asking.has(operation))) told.push(`${what}: answered ${ending.text}`);
      else if (!same) told.push(`${what}: ${JSON.stringify(ending)} is not what a missing thing answers: ${JSON.stringify(expected)}`);
    }
    expect(told).toEqual([]);
    expect(await scene.fingerprint()).toBe(before);
  };

  test('knows of every field of every operation whether it can name a thing', () => {
    expect(unclassified(stage.house.registry)).toEqual([]);
  });

  test('answers a stranger about every thing as if it did not exist, and changes nothing', async () => {
    const attacks = attacksOn(scene.victim, stage.house.registry, scene.mallory, 'workspace');
    expect(attacks.length).toBeGreaterThan(60);
    await run(scene.mallory, attacks);
  });

  test('answers a colleague about personal things as if they did not exist', async () => {
    const attacks = attacksOn(scene.victim, stage.house.registry, scene.bob, 'person');
    expect(attacks.length).toBeGreaterThan(20);
    await run(scene.bob, attacks);
  });

  test('shows in no list what belongs to others', async () => {
    const { mallory, bob, ada } = scene;
    for (const { operation } of listings(stage.house.registry, mallory)) {
      expect((await stage.attempt(mallory, operation.name, {})).text, operation.name).not.toMatch(/VICTIM|PERSONAL|Ada|Bob/);
      expect((await stage.attempt(bob, operation.name, {})).text, operation.name).not.toMatch(/PERSONAL/);
    }
    expect((await stage.attempt(ada, 'list_tasks', {})).text).toMatch(/PERSONAL/);
  });

  test('finds in no search what belongs to others', async () => {
    const { mallory, bob, ada } = scene;
    const find = async (who: Caller, query: string) => (await stage.attempt(who, 'search_knowledge', { query })).text;
    expect(await find(mallory, 'what is VICTIM personal knows')).not.toMatch(/VICTIM|PERSONAL/);
    expect(await find(bob, 'what is VICTIM personal knows')).not.toMatch(/PERSONAL/);
    expect(await find(bob, 'VICTIM')).toMatch(/VICTIM source/);
    expect(await find(ada, 'PERSONAL')).toMatch(/PERSONAL source/);
    const all = await Promise.all(
      Array.from({ length: 30 }, (_, n) => find([mallory, bob, ada][n % 3] ?? ada, 'what is VICTIM personal knows')),
    );
    for (const [n, text] of all.entries()) expect(text).not.toMatch([/VICTIM|PERSONAL/, /PERSONAL/, /NOBODY/][n % 3] ?? /NOBODY/);
  });

  test('answers nobody from what belongs to others, nor goes on with their conversations', async () => {
    const { mallory, bob, ada } = scene;
    const ask = async (who: Caller, question: string) =>
      (await stage.attempt(who, 'ask_knowledge', { question, conversation_id: 'VICTIM conversation' })).text.replaceAll(
        'VICTIM conversation',
        '',
      );
    expect(await ask(ada, 'What is PERSONAL?')).toMatch(/What is PERSONAL\./);
    expect(await ask(bob, 'What knows the victim?')).toMatch(/What the VICTIM knows\./);
    for (const [who, others] of [
      [mallory, /VICTIM|PERSONAL/],
      [bob, /PERSONAL/],
    ] as const) {
      expect(await ask(who, 'And that?')).not.toMatch(others);
      expect(await ask(who, 'What is personal, and what knows the victim?')).not.toMatch(others);
    }
    expect(await ask(ada, 'And that?')).toMatch(/PERSONAL/);
  });

  test('reaches nothing with a cursor of somebody else', async () => {
    for (const operation of ['list_tasks', 'list_projects', 'list_members']) {
      const page = await scene.ada.call(operation, { limit: 1 });
      const cursor = page.next_cursor ?? (await scene.ada.call('list_tasks', { limit: 1 })).next_cursor;
      const ending = await stage.attempt(scene.mallory, operation, { limit: 1, cursor });
      expect(ending.text, operation).not.toMatch(/VICTIM|PERSONAL|Ada|Bob/);
    }
  });

  test('replays to nobody the answer of another one under the same idempotency key', async () => {
    const inputs: [string, Record<string, unknown>][] = [
      ['create_task', { title: 'same' }],
      ['create_project', { key: 'SAME', name: 'same' }],
      ['claim_task', { project: 'ME' }],
    ];
    for (const [operation, input] of inputs) {
      const hers = await scene.ada.call(operation, input, { idempotency_key: 'shared-key' });
      const his = await stage.attempt(scene.mallory, operation, input, 'shared-key');
      expect(his.text, operation).not.toContain(scene.ada.principal.id);
      expect(his.text, operation).not.toBe(JSON.stringify(hers));
    }
  });

  test('tells nobody of the events of others', async () => {
    const { ada, mallory, bob } = scene;
    const [stranger, colleague, own] = [await stage.house.listen(mallory), await stage.house.listen(bob), await stage.house.listen(ada)];
    await ada.call('create_task', { title: 'PERSONAL event' });
    await ada.call('create_task', { project: 'WEB', title: 'VICTIM event' });
    await expect.poll(() => own.length, { timeout: 5_000 }).toBe(2);
    // Events come in order: whatever was to come before these has come with them.
    await mallory.call('create_task', { title: 'last of mallory' });
    await bob.call('create_task', { title: 'last of bob' });
    await expect
      .poll(() => [stranger.at(-1)?.data['title'], colleague.at(-1)?.data['title']], { timeout: 5_000 })
      .toEqual(['last of mallory', 'last of bob']);
    expect(stranger).toHaveLength(1);
    expect(JSON.stringify(colleague)).toContain('VICTIM event');
    expect(JSON.stringify(colleague)).not.toContain('PERSONAL');
  });
});

describe('isolation of MCP subscriptions', () => {
  test('tells a stranger and a colleague nothing of resources that they cannot see', async () => {
    const server = await startTestServer();
    const { ada, mallory, bob, victim } = await buildScene(houseOf(server.platform));
    // In projects of their own: the personal tasks of two people have the same ids.
    const own = async (who: Caller, project: string): Promise<string> => {
      await who.call('create_project', { key: project, name: project });
      return (await who.call('create_task', { project, title: 'x' })).task.id;
    };
    const [hers, his] = [await own(mallory, 'HERS'), await own(bob, 'HIS')];
    const [last, lastOfBob] = [`quarterdeck://tasks/${hers}`, `quarterdeck://tasks/${his}`];
    const uris = [...victim.shared.tasks, ...victim.personal.tasks].map((id) => `quarterdeck://tasks/${id}`);
    const heard: Record<string, string[]> = { mallory: [], bob: [], ada: [] };
    const clients = await Promise.all(
      Object.entries({ mallory, bob, ada }).map(async ([name, { token }]) => {
        const connected = await connectSecond('2026-07-28', { url: `${server.url}/mcp`, token });
        connected.setNotificationHandler('notifications/resources/updated', ({ params }) => void heard[name]?.push(params.uri));
        await connected.listen({ resourceSubscriptions: [...uris, last, lastOfBob] });
        return connected;
      }),
    );
    await ada.call('update_task', { task_id: victim.shared.tasks[0], title: 'VICTIM changed' });
    await ada.call('update_task', { task_id: victim.personal.tasks[0], title: 'PERSONAL changed' });
    await expect.poll(() => heard['ada']?.length, { timeout: 5_000 }).toBe(2);
    // Changes are told in order: whatever was to be told before these has been told with them.
    await mallory.call('update_task', { task_id: hers, title: 'y' });
    await bob.call('update_task', { task_id: his, title: 'y' });
    await expect.poll(() => [heard['mallory']?.at(-1), heard['bob']?.at(-1)], { timeout: 5_000 }).toEqual([last, lastOfBob]);
    expect(heard['mallory']).toEqual([last]);
    expect(heard['bob']).toEqual([uris[0], lastOfBob]);
    await Promise.all(clients.map((connected) => connected.close()));
    await server.close();
  });
});

describe('the isolation tests', () => {
  let house: OwnHouse;
  afterAll(() => house.close());

  test('see a leak when both walls are down', async () => {
    const everybody = (database: Database): Database => ({
      ...database,
      transaction: (tenant, options, work) =>
        database.transaction('system', options, (scope) =>
          // Not a copy: an eager transaction does not know its time yet.
          work(tenant === 'system' ? scope : Object.assign(Object.create(scope) as TransactionScope, tenant)),
        ),
    });
    house = await openHouse({ plugins: [scopingOff()], wrap: everybody });
    const { mallory, victim } = await buildScene(house);
    const attacks = attacksOn(victim, house.registry, mallory, 'workspace').filter(({ operation }) => operation === 'get_task');
    const endings = await Promise.all(attacks.map(({ operation, input }) => direct(mallory, operation, input)));
    expect(endings.map(({ outcome }) => outcome)).toContain('ok');
    expect((await direct(mallory, 'list_tasks', {})).text).toContain('VICTIM');
  });
});
