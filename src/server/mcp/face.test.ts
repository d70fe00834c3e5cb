import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type TestClient, clientKinds, connect } from '../../../test/behaviour/mcp/support/clients.ts';
import { type TestWorkspace, principal, startWorkspace } from '../../../test/behaviour/mcp/support/workspace.ts';

let workspace: TestWorkspace;
const open: TestClient[] = [];

beforeEach(async () => {
  workspace = await startWorkspace();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((client) => client.close()));
  await workspace.close();
});

describe.each(clientKinds)('an MCP client of %s', (kind) => {
  const client = async (query = '', token = 'ada') => {
    const connected = await connect(kind, { url: workspace.url + query, token });
    open.push(connected);
    return connected;
  };
  const names = async (connected: TestClient) => (await connected.listTools()).map((tool) => tool.name);

  test('is told what the server is for', async () => {
    expect((await client()).instructions()).toContain('claim_task');
  });

  test('sees the default tools in their order, then the two that reach the rest', async () => {
    expect(await names(await client())).toEqual([
      'whoami',
      'create_task',
      'list_tasks',
      'get_task',
      'update_task',
      'find_tools',
      'call_tool',
    ]);
  });

  test('sees all tools of the toolsets it names, also those that destroy', async () => {
    expect(await names(await client('?toolsets=tasks'))).toEqual([
      'create_task',
      'list_tasks',
      'get_task',
      'update_task',
      'delete_task',
      'estimate_effort',
      'hang',
      'break_down',
      'find_tools',
      'call_tool',
    ]);
  });

  test('sees only what its credential may call', async () => {
    workspace.credentials.set('reader', principal({ scopes: ['tasks:read'] }));
    expect(await names(await client('', 'reader'))).toEqual(['list_tasks', 'get_task', 'find_tools', 'call_tool']);
    workspace.credentials.set('narrow', principal({ toolsets: ['workspace'] }));
    expect(await names(await client('', 'narrow'))).toEqual(['whoami', 'find_tools', 'call_tool']);
  });

  test('gets an output schema and all four hints with every tool', async () => {
    for (const tool of await (await client('?toolsets=tasks,workspace')).listTools()) {
      expect(tool.outputSchema, tool.name).toMatchObject({ type: 'object' });
      expect(Object.keys(tool.annotations ?? {}).sort(), tool.name).toEqual([
        'destructiveHint',
        'idempotentHint',
        'openWorldHint',
        'readOnlyHint',
      ]);
    }
  });

  test('is told which toolsets there are when it names one that is not', async () => {
    const listing = client('?toolsets=tasks,tusks').then((connected) => connected.listTools());
    await expect(listing).rejects.toThrow(/there is no \\?"tusks\\?".*workspace, tasks/);
  });

  test('gets a result whose text and structure are the same, without what the output does not declare', async () => {
    const result = await (await client()).callTool('whoami');
    expect(result).toEqual({ isError: false, text: '{"name":"builder"}', structured: { name: 'builder' } });
  });

  test('gets a problem as text alone, with what to do next', async () => {
    const result = await (await client()).callTool('get_task', { task_id: 'WEB-404' });
    expect(result).toEqual({
      isError: true,
      text: 'not_found: There is no task WEB-404. Call list_tasks to see what there is.',
      structured: undefined,
    });
  });

  test('is told every field that is wrong', async () => {
    const result = await (await client()).callTool('create_task', { title: '', colour: 'red' });
    expect(result.text).toMatch(/^invalid_input: .*title: .*colour: there is no such field/);
  });

  test('never sees the text of a bug', async () => {
    const result = await (await client('?toolsets=tasks')).callTool('break_down');
    expect(result.isError).toBe(true);
    expect(result.text).toMatch(/^internal: break_down failed because of a bug .* request-\d+/);
    expect(result.text).not.toContain('secret');
  });

  test('gets a protocol error for a tool that is not there', async () => {
    await expect((await client()).callTool('fly_to_moon')).rejects.toMatchObject({ code: -32602 });
    await expect((await client('?toolsets=workspace')).callTool('create_task', { title: 'x' })).rejects.toMatchObject({ code: -32602 });
  });

  test('is refused what its credential does not hold', async () => {
    workspace.credentials.set('reader', principal({ scopes: ['tasks:read'] }));
    const result = await (await client('', 'reader')).callTool('create_task', { title: 'x' });
    expect(result.text).toMatch(/^forbidden: create_task needs the scope tasks:write/);
  });

  test('calls a tool by an earlier name', async () => {
    const result = await (await client()).callTool('add_task', { title: 'Write it' });
    expect(result.structured).toMatchObject({ task: { id: 'WEB-1' } });
  });

  test('finds a tool that is not listed, and calls it', async () => {
    const connected = await client();
    const found = await connected.callTool('find_tools', { query: 'how long will the work take' });
    const best = { name: 'estimate_effort', reach: 'call_tool', input_schema: { type: 'object' } };
    expect(found.structured?.['items']).toMatchObject({ 0: best });
    const called = await connected.callTool('call_tool', { name: 'estimate_effort', arguments: {} });
    expect(called).toEqual({ isError: false, text: '{"hours":3}', structured: { hours: 3 } });
  });

  test('is told how to reach a tool that destroys, and reaches it there', async () => {
    const connected = await client();
    await connected.callTool('create_task', { title: 'Write it' });
    const found = await connected.callTool('find_tools', { query: 'delete', limit: 1 });
    expect(found.structured).toMatchObject({ items: [{ name: 'delete_task', reach: 'toolsets' }] });
    const refused = await connected.callTool('call_tool', { name: 'delete_task', arguments: { task_id: 'WEB-1' } });
    expect(refused.text).toMatch(/^forbidden: .*\/mcp\?toolsets=tasks/);
    const deleted = await (await client('?toolsets=tasks')).callTool('delete_task', { task_id: 'WEB-1' });
    expect(deleted.structured).toEqual({ task_id: 'WEB-1' });
  });

  test('lists and reads tasks as resources, page after page', async () => {
    const connected = await client();
    for (const title of ['one', 'two', 'three']) await connected.callTool('create_task', { title });
    expect((await connected.listResources()).map(({ uri }) => uri)).toEqual([1, 2, 3].map((n) => `quarterdeck://tasks/WEB-${n}`));
    expect(await connected.listResourceTemplates()).toMatchObject([{ uriTemplate: 'quarterdeck://tasks/{task_id}' }]);
    expect(JSON.parse(await connected.readResource('quarterdeck://tasks/WEB-2'))).toMatchObject({ task: { title: 'two' } });
  });

  test('cannot tell a foreign resource from one that never was', async () => {
    await (await client()).callTool('create_task', { title: 'ours' });
    workspace.credentials.set('stranger', principal({ workspace_id: 'workspace-2', user_id: 'user-2' }));
    const stranger = await client('', 'stranger');
    const refusal = async (uri: string) =>
      stranger.readResource(uri).then(
        () => 'read',
        (error: unknown) => `${(error as { code: number }).code} ${String(error).replaceAll(uri, 'URI')}`,
      );
    const foreign = await refusal('quarterdeck://tasks/WEB-1');
    expect(foreign).toMatch(/^-32602 /);
    for (const uri of ['quarterdeck://tasks/WEB-99', 'quarterdeck://tasks/', 'quarterdeck://nothing/1', 'file:///etc/passwd'])
      expect(await refusal(uri)).toBe(foreign);
  });

  test('aborts the work when it cancels', async () => {
    const connected = await client('?toolsets=tasks');
    const aborter = new AbortController();
    const call = connected.callTool('hang', { label: kind }, { signal: aborter.signal });
    const outcome = call.catch(() => 'cancelled');
    await vi.waitFor(() => expect(workspace.state.started).toContain(kind));
    aborter.abort();
    expect(await outcome).toBe('cancelled');
    // A client of 2025 says so in a message of its own, which a stateless server cannot match; closing does it for all.
    await connected.close();
    await vi.waitFor(() => expect(workspace.state.aborted).toContain(kind));
  });

  test('may repeat a call with an idempotency key, which must be text', async () => {
    const result = await (await client()).callTool('create_task', { title: 'x' }, { meta: { 'quarterdeck/idempotency_key': 7 } });
    expect(result.text).toMatch(/^invalid_input: .*idempotency_key.* must be a string/);
  });
});
