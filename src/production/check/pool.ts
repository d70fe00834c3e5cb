/** The arithmetic of connections: what all replicas may open, and what the database takes. */

import { connectionsBesidePool } from '../../platform/database/requirements.ts';

/** Connections to leave for migrations, backups and people. */
export const spareConnections = 10;

export interface PoolQuestion {
  readonly pool: number;
  readonly replicas: number;
  /** Replicas that a release starts before it stops old ones. */
  readonly surge: number;
  readonly maxConnections: number;
  /** That the database keeps for its administrators. */
  readonly reserved: number;
  readonly spare: number;
}

export interface PoolAnswer {
  readonly wanted: number;
  readonly room: number;
  /** The largest pool that leaves room for all; less than 1: there are too many replicas for any. */
  readonly fitting: number;
  /** How that was worked out. */
  readonly text: string;
}

export function poolArithmetic({ pool, replicas, surge, maxConnections, reserved, spare }: PoolQuestion): PoolAnswer {
  const all = replicas + surge;
  const kept = reserved + spare;
  const text = `${all * (pool + connectionsBesidePool)} connections at most (${all} × (${pool} + ${connectionsBesidePool})) of ${maxConnections}`;
  const room = maxConnections - kept;
  return {
    wanted: all * (pool + connectionsBesidePool),
    room,
    fitting: Math.floor(room / all) - connectionsBesidePool,
    text: `${text}, with ${kept} kept free`,
  };
}
