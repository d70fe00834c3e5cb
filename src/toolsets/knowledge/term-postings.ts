/**
 * Where the terms of a query stand. What was read of a term is kept decoded, and later only what was added since is read: a frequent word has
 * ten thousand postings, which take far longer to read and decode than to score. Nobody sees more by it: only projects whose row the
 * caller's own transaction has read are looked up.
 */

import type { Context } from '../../operations/context.ts';
import type { Cache } from '../../platform/cache.ts';
import type { TransactionScope } from '../../platform/database/types.ts';
import { ChunkFacts, type Postings, bytesOf, decodePostings, joinPostings } from './ranking/postings.ts';
import type { TermPostings } from './ranking/board.ts';
import { type WordIndex, readPostings } from './word-index.ts';

/** All postings of a term in a project whose chunk has a number below `until`. Those of chunks that are gone may be among them. */
class KnownPostings {
  readonly until: number;
  readonly postings: Postings;
  readonly facts: ChunkFacts;

  constructor(until: number, postings: Postings, facts: ChunkFacts) {
    this.until = until;
    this.postings = postings;
    this.facts = facts;
  }
}

/** In a transaction that only reads: what is not committed must not be remembered. */
export async function readTermPostings(
  context: TransactionScope & Pick<Context, 'cache'>,
  indexes: readonly WordIndex[],
  terms: readonly string[],
): Promise<TermPostings[]> {
  const all = indexes.flatMap(({ project_id, next_number }) => {
    const facts = factsOf(context.cache, project_id);
    return terms.map((term) => {
      const known = context.cache.get(`postings/${project_id}/${term}`);
      return { project_id, term, until: next_number, facts, known: known instanceof KnownPostings ? known : undefined };
    });
  });
  const wanted = all.filter(({ known, until }) => known === undefined || known.until < until);
  if (wanted.length > 0) {
    const read = await readPostings(
      context,
      wanted.map((one) => ({ ...one, from: one.known?.until ?? 0 })),
    );
    for (const [place, one] of wanted.entries()) one.known = keep(context.cache, one, read[place]);
  }
  return all.flatMap(({ project_id, term, known }) =>
    known === undefined ? [] : [{ project_id, term, postings: known.postings, facts: known.facts }],
  );
}

/** All terms of a project share them. What was decoded before they were forgotten keeps those that it has. */
function factsOf(cache: Cache, project_id: string): ChunkFacts {
  const known = cache.get(`chunks/${project_id}`);
  return known instanceof ChunkFacts ? known : new ChunkFacts();
}

interface Term {
  project_id: string;
  term: string;
  until: number;
  facts: ChunkFacts;
  known: KnownPostings | undefined;
}

/** What is known of a term, with what was read of it. */
function keep(cache: Cache, { project_id, term, until, known, facts: shared }: Term, bytes: Buffer = Buffer.alloc(0)): KnownPostings {
  const facts = known?.facts ?? shared;
  const before = facts.bytes;
  const added = decodePostings(bytes, known?.until ?? 0, until, facts);
  const postings = known === undefined ? added : joinPostings(known.postings, added);
  if (facts.bytes > before) cache.set(`chunks/${project_id}`, facts, facts.bytes);
  const now = new KnownPostings(until, postings, facts);
  cache.set(`postings/${project_id}/${term}`, now, bytesOf(postings));
  return now;
}
