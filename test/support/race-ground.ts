/** Where a race is run: everything below the faces on one database, and the settings for worker processes on the same. */

import { readSettings } from '../../src/platform/config/read.ts';
import { createLog } from '../../src/platform/telemetry/log.ts';
import { type Platform, openPlatform } from '../../src/server/platform.ts';

export interface RaceGround {
  platform: Platform;
  environment: Record<string, string>;
}

/** Opens the data, with its migrations applied. Without a URL it is the embedded database in the folder. */
export async function openRaceGround({ data, databaseUrl }: { data: string; databaseUrl?: string | undefined }): Promise<RaceGround> {
  const environment = {
    QUARTERDECK_DATA: data,
    ...(databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }),
    // Enough for a worker's loop, its overslept claims and its sweeper, and few enough for dozens of workers.
    QUARTERDECK_DATABASE_POOL: '3',
    // A task that is unlucky many times is still a task: here all of them must be finished.
    QUARTERDECK_MAX_ATTEMPTS: '100',
    LOG_LEVEL: 'error',
  };
  const effective = readSettings({ environment, folder: data });
  return { platform: await openPlatform(effective, createLog(effective.settings), { migrate: true }), environment };
}
