import { expect, test } from 'vitest';
import { familyOf } from './families.ts';

const searching = 'Represent this sentence for searching relevant passages: ';

test.each([
  ['nomic-embed-text', 'search_document: ', 'search_query: ', 'mean'],
  ['nomic-ai/nomic-embed-text-v1.5', 'search_document: ', 'search_query: ', 'mean'],
  ['Xenova/multilingual-e5-small', 'passage: ', 'query: ', 'mean'],
  ['intfloat/e5-base-v2', 'passage: ', 'query: ', 'mean'],
  ['intfloat/multilingual-e5-large-instruct', '', '', 'mean'],
  ['Xenova/bge-small-en-v1.5', '', searching, 'cls'],
  ['bge-m3', '', '', 'cls'],
  ['mxbai-embed-large', '', searching, 'cls'],
  ['snowflake-arctic-embed', '', searching, 'cls'],
  ['snowflake-arctic-embed2', '', 'query: ', 'cls'],
  ['Snowflake/snowflake-arctic-embed-l-v2.0', '', 'query: ', 'cls'],
  ['text-embedding-3-small', '', '', 'mean'],
  ['Xenova/all-MiniLM-L6-v2', '', '', 'mean'],
])('%s is told "%s" with a document and "%s" with a question', (id, document, query, pooling) => {
  expect(familyOf(id)).toMatchObject({ prefixes: { document, query }, pooling });
});
