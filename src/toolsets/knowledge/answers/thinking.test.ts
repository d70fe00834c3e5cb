import { expect, test } from 'vitest';
import { withoutThinking } from './thinking.ts';

async function written(...pieces: string[]): Promise<string[]> {
  const passed: string[] = [];
  const texts = (async function* () {
    yield* pieces;
  })();
  for await (const text of withoutThinking(texts)) passed.push(text);
  return passed;
}

test.each<[string, string[], string[]]>([
  ['nothing', ['It is ', 'so.'], ['It is ', 'so.']],
  ['what is thought', ['<think>Well [1: "a b"].</think>\n\nIt is', ' so.'], ['It is', ' so.']],
  ['what is thought, in pieces', ['\n<th', 'ink>', 'Well', '.</thi', 'nk>', 'It is so.'], ['It is so.']],
  ['what is thought without an end', ['<think>', 'Well, it is so.'], []],
  ['no other element', ['<thing> is', ' so.'], ['<thing> is', ' so.']],
  ['nothing of what only begins so', ['<th'], ['<th']],
  ['nothing of what comes later', ['It is <think>', 'so</think>.'], ['It is <think>', 'so</think>.']],
])('%s is left out', async (_what, pieces, expected) => expect(await written(...pieces)).toEqual(expected));
