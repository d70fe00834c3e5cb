/** Settings of knowledge: how large a source may be, how it is cut, and how much of its past is kept. */

import { z } from 'zod';
import { count, milliseconds, setting } from './setting.ts';

export const knowledgeSettings = {
  maxSourceCharacters: setting({
    variable: 'QUARTERDECK_MAX_SOURCE_CHARACTERS',
    schema: count(10_000_000, 1_000, 100_000_000),
    description:
      'Longest text of one source, in Unicode code points. Ten million are some 5,000 pages; a longer one is better taken in by its parts, which are then found and cited by name.',
  }),
  ingestAtOnce: setting({
    variable: 'QUARTERDECK_INGEST_AT_ONCE',
    schema: count(1_000_000, 0, 400_000_000),
    description:
      'Longest content, in characters as JavaScript counts them, that is taken in while the caller waits; what is longer goes on as a job, and the answer is 202 with the job. A million, some 500 pages, took 1.3 s where it was measured; a machine five times slower is still far from the request time-out.',
  }),
  readAtOnceMs: setting({
    variable: 'QUARTERDECK_READ_AT_ONCE_MS',
    schema: milliseconds(2_000),
    description:
      'Longest time that a source is read while the caller waits, with the wait for its turn; what takes longer goes on as a job, however small it is: a PDF of 300 kB may have 300 pages. In two seconds 600 full pages were read where it was measured, and stored in about as many again. 0: PDFs, HTML and texts above 64 kB always go on as jobs.',
  }),
  maxSourceBytes: setting({
    variable: 'QUARTERDECK_MAX_SOURCE_BYTES',
    schema: count(20 * 1024 * 1024, 1_024, 256 * 1024 * 1024),
    description:
      'Largest source that is read, and largest text that is made of one, in bytes. The Bible in English has 4 MB, the sources of a book with its pictures as text rarely more than ten.',
  }),
  maxSourcePages: setting({
    variable: 'QUARTERDECK_MAX_SOURCE_PAGES',
    schema: count(5_000, 1, 100_000),
    description: 'Most pages of a PDF: the longest manuals and standards.',
  }),
  readSeconds: setting({
    variable: 'QUARTERDECK_READ_SECONDS',
    schema: count(300, 1, 3_600),
    description:
      'After this a reader is stopped, and the source refused. 2,000 pages of a PDF take some ten seconds; a machine may be many times slower.',
  }),
  readMemoryMb: setting({
    variable: 'QUARTERDECK_READ_MEMORY_MB',
    schema: count(1_024, 64, 16_384),
    description:
      'MiB that a reader may use beside the source; two sources are read at once. The tree of 20 MB of HTML that is all tags takes 0.8 GB.',
  }),
  chunkTokens: setting({
    variable: 'QUARTERDECK_CHUNK_TOKENS',
    schema: count(600, 50, 4_000),
    description:
      'Largest chunk that a source is cut into, in tokens. 600 are a page: one thought with its surroundings, and most short documents are whole. An embedding model that reads only 512 wants 400.',
  }),
  chunkOverlapTokens: setting({
    variable: 'QUARTERDECK_CHUNK_OVERLAP_TOKENS',
    schema: count(50, 0, 1_000),
    description: 'What two chunks share where a boundary had to be forced into a paragraph, in tokens. None elsewhere.',
  }),
  sourceVersions: setting({
    variable: 'QUARTERDECK_SOURCE_VERSIONS',
    schema: count(10, 1, 1_000),
    description:
      'Versions of the text of a source that are kept. A citation of an older one cannot be checked any more; each costs the space of its text.',
  }),
  queryEmbeddingMs: setting({
    variable: 'QUARTERDECK_QUERY_EMBEDDING_MS',
    schema: count(2_000, 50, 60_000),
    description:
      'Longest time that a search waits for the embedding model; then it goes by words alone. Two seconds: a model that is ready answers in a tenth of that, and nobody likes to wait longer for a list.',
  }),
  knowledgeLanguage: setting({
    variable: 'QUARTERDECK_KNOWLEDGE_LANGUAGE',
    schema: z
      .string()
      .regex(/^([a-z]{2}|any)$/, 'must be a code such as en, or any')
      .default('en'),
    description:
      'Language of sources that are too short to tell and do not say, as an ISO 639-1 code; `any` takes words as they are written.',
  }),
  answerMs: setting({
    variable: 'QUARTERDECK_ANSWER_MS',
    schema: milliseconds(20_000),
    description:
      'Longest time that the chat model gets for one answer; then what is checked so far is the answer, or else quotes are. A stream has this time beyond the request time-out; other callers hear of it only where it is below that: for a slow model raise both, or stream.',
  }),
  questionTurns: setting({
    variable: 'QUARTERDECK_QUESTION_TURNS',
    schema: count(6, 0, 100),
    description:
      'Questions and answers that are remembered of a conversation, for the questions that follow. Whoever goes back further names the thing again. 0: nothing is kept.',
  }),
  questionDays: setting({
    variable: 'QUARTERDECK_QUESTION_DAYS',
    schema: count(30, 1, 3_650),
    description: 'How long they are kept. A month: a conversation that rested for longer is begun anew.',
  }),
};
