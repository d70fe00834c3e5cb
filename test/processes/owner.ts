/** The database of a place that no server has open, as its owner. */

import type { Kysely } from 'kysely';
import { readSettings } from '../../src/platform/config/read.ts';
import { openDatabase } from '../../src/platform/database/open.ts';
import { createLog } from '../../src/platform/telemetry/log.ts';
import type { Place } from '../support/server.ts';
import { environmentOf } from '../support/quarterdeck.ts';

export async function withOwner<Result>(place: Place, work: (db: Kysely<unknown>) => Promise<Result>): Promise<Result> {
  const { settings } = readSettings({ environment: environmentOf(place), folder: place.data });
  const database = await openDatabase({ settings, log: createLog({ logLevel: 'silent' }) });
  try {
    return await work(database.owner);
  } finally {
    await database.close();
  }
}
