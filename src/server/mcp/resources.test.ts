import { expect, test } from 'vitest';
import { principal } from '../../../test/behaviour/mcp/support/workspace.ts';
import { type ResourceCall, type ResourceProvider, listAll } from './resources.ts';

const call: ResourceCall = { principal: principal(), request_id: 'request-1', signal: new AbortController().signal };

/** A kind of resource with the given pages; its cursor is the number of the next page. */
function kind(name: string, pages: string[][], visible = true): ResourceProvider {
  return {
    templates: [],
    owns: (uri) => uri.startsWith(`${name}://`),
    visible: () => visible,
    list: async (_, cursor) => {
      const page = Number(cursor ?? 0);
      const resources = (pages[page] ?? []).map((id) => ({ uri: `${name}://${id}`, name: id }));
      return { resources, next_cursor: page + 1 < pages.length ? String(page + 1) : null };
    },
    read: async () => [],
  };
}

async function walk(providers: ResourceProvider[]): Promise<string[][]> {
  const pages: string[][] = [];
  let cursor: string | undefined;
  do {
    const page = await listAll(providers, call, cursor);
    pages.push(page.resources.map(({ uri }) => uri));
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return pages;
}

test('the pages of all kinds follow each other, and kinds that may not be seen are passed over', async () => {
  const providers = [kind('a', [['1'], ['2']]), kind('hidden', [['x']], false), kind('b', [['3']]), kind('hidden too', [['y']], false)];
  expect(await walk(providers)).toEqual([['a://1'], ['a://2'], ['b://3']]);
});

test('there is an empty page when nothing may be seen', async () => {
  expect(await walk([kind('hidden', [['x']], false)])).toEqual([[]]);
  expect(await walk([])).toEqual([[]]);
});

test('a cursor for a kind that may no longer be seen goes on with the next kind from its start', async () => {
  const page = await listAll([kind('hidden', [['x'], ['y']], false), kind('b', [['3'], ['4']])], call, '0:1');
  expect(page.resources).toEqual([{ uri: 'b://3', name: '3' }]);
});

test.each(['', 'x', '2:', '-1:', '0', '0:\n'])('the cursor %j is refused', async (cursor) => {
  await expect(listAll([kind('a', [['1']]), kind('b', [['2']])], call, cursor)).rejects.toMatchObject({ code: 'invalid_input' });
});
