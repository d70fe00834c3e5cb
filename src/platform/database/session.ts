/** One connection while somebody holds it: queries go in their order, and none after it is given back. */

import type { CompiledQuery, DatabaseConnection, QueryResult } from 'kysely';
import type pg from 'pg';
import { isConnectionError, isOutdatedPlan, problemFrom } from './errors.ts';
import { statementName } from './statements.ts';

export class Session implements DatabaseConnection {
  readonly #client: pg.PoolClient;
  readonly #signal: AbortSignal | undefined;
  /** The last query that was sent: when it has its answer, all have theirs. */
  #tail: Promise<unknown> = Promise.resolve();
  #broken = false;
  #closed = false;
  #running = 0;
  // A connection that breaks between two queries says so with an event; unheard, it would end the process.
  readonly #onError = (): void => {
    this.#broken = true;
  };

  private constructor(client: pg.PoolClient, signal: AbortSignal | undefined) {
    this.#client = client;
    this.#signal = signal;
    client.on('error', this.#onError);
  }

  /**
   * Takes a connection from the pool, at most as long as the pool's time-out.
   * @throws Problem `unavailable`; the signal's reason when it is aborted meanwhile.
   */
  static async open(pool: pg.Pool, signal?: AbortSignal): Promise<Session> {
    signal?.throwIfAborted();
    return new Session(await connect(pool, signal), signal);
  }

  /** True when the connection is of no use any more. */
  get broken(): boolean {
    return this.#broken;
  }

  /** True while a statement is with the server. */
  get running(): boolean {
    return this.#running > 0;
  }

  executeQuery<Row>({ sql, parameters }: Pick<CompiledQuery, 'sql' | 'parameters'>): Promise<QueryResult<Row>> {
    return this.#inTurn(async () => {
      this.#signal?.throwIfAborted();
      const name = this.#client.pipeline ? statementName(sql) : undefined;
      const values = [...parameters];
      const { command, rowCount, rows } = await this.#send(() =>
        this.#client.query(name === undefined ? { text: sql, values } : { name, text: sql, values }),
      );
      const changes = command === 'INSERT' || command === 'UPDATE' || command === 'DELETE' || command === 'MERGE';
      return changes ? { rows: rows as Row[], numAffectedRows: BigInt(rowCount ?? 0) } : { rows: rows as Row[] };
    });
  }

  streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new Error('streaming is not supported: read in pages');
  }

  /** Sends SQL without parameters, also several statements in one round trip, whether or not the caller has gone; gives the last result. */
  command(text: string): Promise<pg.QueryResult> {
    return this.#inTurn(async () => {
      const result: pg.QueryResult | pg.QueryResult[] = await this.#send(() => this.#client.query(text));
      const last = Array.isArray(result) ? result.at(-1) : result;
      if (last === undefined) throw new Error('a command had no statement');
      return last;
    });
  }

  /** What `work` sends at once goes out as one packet: the system call costs more than a query. */
  together<Result>(work: () => Promise<Result>): Promise<Result> {
    const { stream } = this.#client.connection;
    stream.cork();
    try {
      return work();
    } finally {
      stream.uncork();
    }
  }

  /** What is sent from now on goes out after this turn of the event loop, together with what the next holder of the connection sends. */
  holdBack(): void {
    if (!this.#client.pipeline) return;
    const { stream } = this.#client.connection;
    stream.cork();
    setImmediate(() => stream.uncork());
  }

  /**
   * Gives the connection back after its last query; a broken or unwanted one is closed instead.
   * `soon`: gives it back with the last query under way where the next user's queries simply come after it.
   */
  async close(options: { destroy?: boolean; soon?: boolean } = {}): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (options.destroy !== true && !(options.soon === true && this.#client.pipeline)) await this.#tail;
    this.#client.off('error', this.#onError);
    // pg would wait for the query under way before it closes.
    if (options.destroy === true) this.#client.connection.stream.destroy();
    this.#client.release(options.destroy === true || this.#broken);
  }

  /**
   * A forgotten promise must not run its query in the transaction of whoever gets the connection next.
   * PostgreSQL gets a query at once and answers in turn; the embedded database is given one at a time.
   */
  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#closed) return Promise.reject(new Error('a query came after its transaction was over: a promise was not awaited'));
    const result = this.#client.pipeline ? work() : this.#tail.then(work);
    this.#tail = result.catch(() => undefined);
    return result;
  }

  async #send<Result>(query: () => Promise<Result>): Promise<Result> {
    this.#running += 1;
    try {
      return await query();
    } catch (error) {
      // A new connection has no prepared statements, so nothing there can be out of date.
      if (isConnectionError(error) || isOutdatedPlan(error)) this.#broken = true;
      throw problemFrom(error);
    } finally {
      this.#running -= 1;
    }
  }
}

async function connect(pool: pg.Pool, signal: AbortSignal | undefined): Promise<pg.PoolClient> {
  const connecting = pool.connect().catch((error: unknown) => {
    throw problemFrom(error);
  });
  if (signal === undefined) return connecting;
  const { promise: gone, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([connecting, gone]);
  } catch (error) {
    // It stays in the pool's queue; when its turn comes it goes straight back.
    connecting.then(
      (client) => client.release(),
      () => undefined,
    );
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
