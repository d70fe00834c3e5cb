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
  /** How that was worked out. */
  readonly text: string;
}

export function poolArithmetic({ pool, replicas, surge, maxConnections, reserved, spare }: PoolQuestion): PoolAnswer {
  const all = replicas + surge;
  const kept = reserved + spare;
  const text = `${all * (pool + connectionsBesidePool)} connections at most (${all} × (${pool} + ${connectionsBesidePool})) of ${maxConnections}`;
  return { wanted: all * (pool + connectionsBesidePool), room: maxConnections - kept, text: `${text}, with ${kept} kept free` };
}
