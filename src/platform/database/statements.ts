/** Which statements are prepared: those that come again, so that PostgreSQL plans them once a connection and not each time. */

export interface StatementLimits {
  /** Seen this often, a text is worth a place in every connection. */
  seenOften: number;
  /** Most texts that are prepared. */
  mostPrepared: number;
  /** Texts that are counted at once. A flood of texts that never come again only starts the count anew. */
  mostCounted: number;
}

/** Gives the name to prepare a text under, the same in all connections; undefined: send it as it is. */
export type StatementNames = (sql: string) => string | undefined;

export function createStatementNames({ seenOften, mostPrepared, mostCounted }: StatementLimits): StatementNames {
  const names = new Map<string, string>();
  const counts = new Map<string, number>();
  return (sql) => {
    const name = names.get(sql);
    if (name !== undefined || names.size >= mostPrepared) return name;
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
  };
}

/** A prepared text takes some ten kilobytes in each connection's process of the database; the program has a hundred or two of its own. */
export const statementName = createStatementNames({ seenOften: 3, mostPrepared: 300, mostCounted: 2_000 });
