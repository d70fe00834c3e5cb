/** What a database or folder says of itself that a restore made or put aside: only such a one is switched to. */

import { z } from 'zod';

export const remarkSchema = z.object({
  quarterdeck: z.enum(['restored', 'replaced']),
  /** The backup that is in it; null where it was replaced. */
  backup: z.string().nullable(),
  at: z.iso.datetime(),
});

export type Remark = z.output<typeof remarkSchema>;

export function parseRemark(text: string | null | undefined): Remark | undefined {
  try {
    return remarkSchema.safeParse(JSON.parse(text ?? '')).data;
  } catch {
    return undefined;
  }
}

export interface Switched {
  /** The database's name, or the folder. */
  live: string;
  /** Where the one is now that was live before; null: there was none. */
  previous: string | null;
  /** What was switched to. */
  holds: Remark;
}

export function notRestored(into: string): Error {
  return new Error(
    `${into} is not one that \`quarterdeck backup restore\` made, so it is not switched to. Restore a backup into a new place first.`,
  );
}
