/** Jobs that others must not see. */

import { sql } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import type { Database } from '../../src/platform/database/types.ts';
import type { Principal } from '../../src/platform/identity/principal.ts';
import { insertJob } from '../../src/platform/jobs/store.ts';

/** A job of this person that has ended, with `said` in its result; nobody works on it. Its id. */
export async function keepJob(database: Database, principal: Principal, said: string): Promise<string> {
  const id = uuidv7();
  await database.transaction(principal, { mode: 'write' }, async (scope) => {
    await insertJob(scope, { id, kind: 'ingest_source', principal, input: { content: said } });
    await sql`update jobs set status = 'done', result = ${JSON.stringify({ said })}::jsonb, input = null, ended_at = now() where id = ${id}`.execute(
      scope.db,
    );
  });
  return id;
}
