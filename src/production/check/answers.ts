/** `check database --answers`: only whether it answers and takes writes, which is all that decides whether a service can stand on it. */

import { noAnswer, withPostgres } from '../postgres.ts';
import { reasonOf } from '../reason.ts';
import { type CheckResult, conclude, judged, unseen } from './result.ts';

export async function checkAnswers(url: string, timeoutMs: number): Promise<CheckResult> {
  try {
    return await withPostgres(url, timeoutMs, async (client) => {
      const { rows } = await client.query<{ read_only: boolean }>('select pg_is_in_recovery() as read_only');
      const refused = rows[0]?.read_only ?? true;
      return conclude('database', [
        judged('answer', 'it answers', 'an answer', true, ''),
        judged(
          'writes',
          refused ? 'refused: it is a standby' : 'accepted',
          'accepted',
          !refused,
          'Connect to the primary, or promote this one if that is lost.',
        ),
      ]);
    });
  } catch (error) {
    return conclude('database', [unseen('answer', reasonOf(error), 'an answer', noAnswer)]);
  }
}
