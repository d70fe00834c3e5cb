/** What a change of the schema takes away, in words; it loads nothing, for commands. */

/** A table, or a column of one that stays, that is gone afterwards with something in it. */
export interface Loss {
  /** `schema.table` */
  table: string;
  /** null: all of it. */
  column: string | null;
  /** How many; of a column those with a value. */
  rows: number;
}

/** `12 rows of public.tasks, public.projects.name in 3 rows` */
export function lossText(losses: readonly Loss[]): string {
  return losses
    .map(({ table, column, rows }) => {
      const count = `${rows} ${rows === 1 ? 'row' : 'rows'}`;
      return column === null ? `${count} of ${table}` : `${table}.${column} in ${count}`;
    })
    .join(', ');
}
