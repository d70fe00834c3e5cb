import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { clientKinds, connect, connectFirst, connectSecond } from '../../../test/behaviour/mcp/support/clients.ts';
import { type SendOptions, send as sendTo } from '../../../test/behaviour/mcp/support/send.ts';
import { type TestWorkspace, principal, startWorkspace } from '../../../test/behaviour/mcp/support/workspace.ts';

let first: TestWorkspace;
/** Another replica: nothing is shared but the key. */
let second: TestWorkspace;

beforeAll(async () => {
  [first, second] = [await startWorkspace(), await startWorkspace()];
  for (const { credentials } of [first, second]) credentials.set('ben', principal({ id: 'key-2', name: 'other' }));
});
afterEach(() => void vi.useRealTimers());
afterAll(() => Promise.all([first.close(), second.close()]));

type Call = { name: string; arguments?: object; inputResponses?: object; requestState?: string };

const send = ({ url }: TestWorkspace, call: Call, options: Partial<SendOptions> = {}) =>
  sendTo(url, 'tools/call', call, { token: 'ada', ...options });

const accept = (content: object) => ({ action: 'accept', content });
const greet = { name: 'greet_person', arguments: {} };

describe('a question', () => {
  test('is asked and answered over any replica, one round after the other', async () => {
    const one = (await send(first, greet)).result;
    expect(one).toMatchObject({
      resultType: 'input_required',
      inputRequests: { name: { method: 'elicitation/create', params: { message: 'Who are you, today?' } } },
    });
    const two = (await send(second, { ...greet, inputResponses: { name: accept({ name: 'Ada' }) }, requestState: one.requestState }))
      .result;
    expect(two.inputRequests).toMatchObject({ wish: { params: { message: 'What do you wish, Ada?' } } });
    const three = await send(first, { ...greet, inputResponses: { wish: accept({ wish: 'peace' }) }, requestState: two.requestState });
    expect(three.result).toMatchObject({ resultType: 'complete', structuredContent: { greeting: 'Hello Ada, have peace' } });
  });

  test('is passed on by call_tool', async () => {
    const call = { name: 'call_tool', arguments: { name: 'greet_person', arguments: { name: 'Ada' } } };
    const asked = (await send(first, call)).result;
    const answered = await send(first, { ...call, inputResponses: { wish: accept({ wish: 'luck' }) }, requestState: asked.requestState });
    expect(answered.result).toMatchObject({ structuredContent: { greeting: 'Hello Ada, have luck' } });
  });

  test('is asked again when the answer does not fit, is missing, or was given before the question', async () => {
    const { requestState } = (await send(first, greet)).result;
    for (const inputResponses of [{ name: accept({ name: 'A' }) }, { name: 7 }, { other: accept({ name: 'Ada' }) }, {}]) {
      expect((await send(first, { ...greet, inputResponses, requestState })).result.resultType).toBe('input_required');
    }
    expect((await send(first, { ...greet, inputResponses: { name: accept({ name: 'Ada' }) } })).result.resultType).toBe('input_required');
  });

  test('that the person declines ends the call', async () => {
    const { requestState } = (await send(first, greet)).result;
    for (const action of ['decline', 'cancel']) {
      const { result } = await send(first, { ...greet, inputResponses: { name: { action } }, requestState });
      expect(result).toMatchObject({ isError: true, content: [{ text: expect.stringMatching(/^declined: /) }] });
    }
  });

  test.each([{}, { elicitation: { url: {} } }, { sampling: {} }])('is not put to a client that declares %j', async (capabilities) => {
    const { result } = await send(first, greet, { capabilities });
    expect(result).toMatchObject({ isError: true, content: [{ text: 'invalid_input: It is not known who is greeted. Pass name.' }] });
  });

  test.each(clientKinds.slice(1))('is not put to a client of %s', async (kind) => {
    const client = await connect(kind, { url: first.url, token: 'ada' });
    expect(await client.callTool('greet_person')).toMatchObject({ isError: true, text: expect.stringContaining('Pass name.') });
    await client.close();
  });

  test('is a bug in an operation that says it is simple', async () => {
    expect((await send(first, { name: 'ask_in_secret' })).result).toMatchObject({
      content: [{ text: expect.stringMatching(/^internal: /) }],
    });
  });
});

describe('a state', () => {
  const refused = { code: -32602, message: expect.stringContaining('requestState cannot be used') };
  const answer = { inputResponses: { name: accept({ name: 'Ada' }) } };

  test.each([
    ['that was changed', (state: string) => `${state}x`],
    ['whose payload was changed', (state: string) => state.replace(/\.(.)/, (_, char: string) => `.${char === 'A' ? 'B' : 'A'}`)],
    ['that is none', () => 'nonsense'],
  ])('%s is refused', async (_, change) => {
    const { requestState } = (await send(first, greet)).result;
    expect((await send(first, { ...greet, ...answer, requestState: change(requestState) })).error).toMatchObject(refused);
  });

  test('of another caller or another call is refused', async () => {
    const { requestState } = (await send(first, greet)).result;
    expect((await send(first, { ...greet, ...answer, requestState }, { token: 'ben' })).error).toMatchObject(refused);
    const other = { name: 'greet_person', arguments: { occasion: 'tomorrow' } };
    expect((await send(first, { ...other, ...answer, requestState })).error).toMatchObject(refused);
  });

  test('is refused after ten minutes', async () => {
    const { requestState } = (await send(first, greet)).result;
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 601_000 });
    const { error } = await send(first, { ...greet, ...answer, requestState });
    expect(error).toMatchObject({ code: -32602, message: expect.stringContaining('older than 10 minutes') });
  });
});

describe('progress', () => {
  test.each(['2026-07-28', '2025'] as const)('reaches a client of %s that asks for it, growing, before the result', async (kind) => {
    const client = await connectSecond(kind, { url: first.url, token: 'ada' });
    const heard: unknown[] = [];
    const result = await client.callTool(
      { name: 'count_up', arguments: { to: 3 } },
      { onprogress: (progress) => void heard.push(progress) },
    );
    expect(heard).toEqual([1, 2, 3].map((done) => ({ progress: done, total: 3, message: `counted ${done}` })));
    expect(result.structuredContent).toEqual({ counted: 3 });
    await client.close();
  });

  test('reaches the first SDK', async () => {
    const client = await connectFirst({ url: first.url, token: 'ada' });
    const heard: number[] = [];
    const onprogress = ({ progress }: { progress: number }) => void heard.push(progress);
    await client.callTool({ name: 'count_up', arguments: { to: 2 } }, undefined, { onprogress });
    expect(heard).toEqual([1, 2]);
    await client.close();
  });

  test('is dropped for a client that does not ask', async () => {
    expect((await send(first, { name: 'count_up', arguments: { to: 1 } })).result).toMatchObject({ structuredContent: { counted: 1 } });
  });
});
