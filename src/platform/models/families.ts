/** What known families of embedding models want to be told with a text, and how much of it they read, as their authors' model cards have it. */

import type { TextKind } from './types.ts';

/** How one vector comes from those of all tokens. Servers do this themselves; a model in this process leaves it to us. */
export type Pooling = 'mean' | 'cls';

export interface Family {
  /** In the name, however the server that runs it spells the rest. */
  pattern: RegExp;
  prefixes: Readonly<Record<TextKind, string>>;
  pooling: Pooling;
  /** Tokens that it reads of a text; what comes behind them is left out or refused. Undefined: more than any chunk has, or nobody knows. */
  tokens?: number;
}

const searching = 'Represent this sentence for searching relevant passages: ';

/** A line that changes makes other vectors under the same name: such a change belongs into the changelog, with the advice to embed again. */
const families: readonly Family[] = [
  // https://huggingface.co/intfloat/e5-base-v2, and the multilingual ones; those with "instruct" want a task in words.
  { pattern: /\be5-(?!.*instruct)/i, prefixes: { document: 'passage: ', query: 'query: ' }, pooling: 'mean', tokens: 512 },
  // https://huggingface.co/nomic-ai/nomic-embed-text-v1.5
  { pattern: /\bnomic-embed-text/i, prefixes: { document: 'search_document: ', query: 'search_query: ' }, pooling: 'mean' },
  // https://huggingface.co/BAAI/bge-base-en-v1.5
  { pattern: /\bbge-(small|base|large)-en/i, prefixes: { document: '', query: searching }, pooling: 'cls', tokens: 512 },
  // https://huggingface.co/BAAI/bge-m3
  { pattern: /\bbge-m3/i, prefixes: { document: '', query: '' }, pooling: 'cls' },
  // https://huggingface.co/mixedbread-ai/mxbai-embed-large-v1
  { pattern: /\bmxbai-embed/i, prefixes: { document: '', query: searching }, pooling: 'cls', tokens: 512 },
  // https://huggingface.co/Snowflake/snowflake-arctic-embed-l-v2.0, which Ollama calls snowflake-arctic-embed2
  { pattern: /\bsnowflake-arctic-embed(2|.*-v2)/i, prefixes: { document: '', query: 'query: ' }, pooling: 'cls' },
  // https://huggingface.co/Snowflake/snowflake-arctic-embed-m-long
  { pattern: /\bsnowflake-arctic-embed.*long/i, prefixes: { document: '', query: searching }, pooling: 'cls', tokens: 2_048 },
  // https://huggingface.co/Snowflake/snowflake-arctic-embed-m
  { pattern: /\bsnowflake-arctic-embed/i, prefixes: { document: '', query: searching }, pooling: 'cls', tokens: 512 },
  // https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2
  { pattern: /\ball-minilm/i, prefixes: { document: '', query: '' }, pooling: 'mean', tokens: 256 },
];

const others: Family = { pattern: /^/, prefixes: { document: '', query: '' }, pooling: 'mean' };

export function familyOf(id: string): Family {
  return families.find(({ pattern }) => pattern.test(id)) ?? others;
}
