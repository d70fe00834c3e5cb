/** The embedded database: one connection to PGlite in a worker, in a folder that is ours alone. */

import { EventEmitter } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import pg from 'pg';
import type { Settings } from '../../config/settings.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Backend } from '../open.ts';
import { valueParsers } from '../values.ts';
import { databaseCode } from './code.ts';
import { Engine } from './engine.ts';
import { lockData } from './lock.ts';
import { EmbeddedSocket } from './socket.ts';

/** Where a database is for a moment while it is swapped with a restored one. */
export const aside = 'database.switching';

/** @throws Error when another process has the folder, or its files cannot be opened */
export async function openEmbedded(settings: Settings, log: Log): Promise<Backend> {
  const data = resolve(settings.data);
  await mkdir(data, { recursive: true, mode: 0o700 });
  refuseHalfSwitched(data);
  const code = await databaseCode();
  const lock = await lockData(data);
  const engine = new Engine({ folder: join(data, 'database'), code, statementTimeoutMs: settings.statementTimeoutMs, log });
  try {
    await engine.open();
  } catch (error) {
    await lock.release();
    throw error;
  }
  const pool = createPool(engine, settings, log);
  // One process has the database, so everybody who listens is in it.
  const channels = new EventEmitter().setMaxListeners(0);
  return {
    kind: 'embedded',
    pool,
    place: data,
    unhurried: (_session, work) => engine.unhurried(work),
    async listen(channel, listener) {
      channels.on(channel, listener);
      return async () => void channels.off(channel, listener);
    },
    async notify(channel) {
      channels.emit(channel);
    },
    async close() {
      await pool.end();
      await engine.close();
      await lock.release();
    },
  };
}

/** An empty database would be made where the real one lies beside it. */
function refuseHalfSwitched(data: string): void {
  if (existsSync(join(data, 'database')) || !existsSync(join(data, aside))) return;
  throw new Error(
    `The database in ${data} was being switched with a restored one, and whoever did it was stopped. Run the same \`quarterdeck backup restore --into … --switch\` again.`,
  );
}

function createPool(engine: Engine, settings: Settings, log: Log): pg.Pool {
  const pool = new pg.Pool({
    stream: () => new EmbeddedSocket(engine),
    // PGlite has one session.
    max: 1,
    idleTimeoutMillis: 0,
    connectionTimeoutMillis: settings.poolTimeoutMs,
    types: valueParsers,
    // Given, so that the PG* variables of the environment, which are about another database, are not read.
    host: 'embedded',
    port: 1,
    user: 'postgres',
    database: 'postgres',
    password: '',
    ssl: false,
  });
  pool.on('error', (error) => log.warn({ err: error }, 'the connection to the embedded database broke; the pool makes a new one'));
  return pool;
}
