/** Which statements are prepared: those that come again, so that PostgreSQL plans them once a connection and not each time. */

/** Seen this often, a text is worth a place in every connection. Lists of ids make a new text for each length; most are never seen again. */
const seenOften = 3;

/** Each takes some ten kilobytes in each connection's process of the database; the program has about this many texts of its own. */
const mostPrepared = 300;

/** Texts that are counted at once. A flood of texts that never come again only starts the count anew. */
const mostCounted = 2_000;

const names = new Map<string, string>();
const counts = new Map<string, number>();

/** The name to prepare this text under, the same in all connections; undefined: send it as it is. */
export function statementName(sql: string): string | undefined {
  const name = names.get(sql);
  if (name !== undefined) return name;
  if (names.size >= mostPrepared) return undefined;
  const seen = (counts.get(sql) ?? 0) + 1;
  if (seen < seenOften) {
    if (counts.size >= mostCounted) counts.clear();
    counts.set(sql, seen);
    return undefined;
  }
  counts.delete(sql);
  const given = `quarterdeck_${names.size + 1}`;
  names.set(sql, given);
  return given;
}
