/** What the rest of the program knows of vectors: one space for each embedding model, in which the nearest are found. */

import type { RawBuilder } from 'kysely';
import type { TransactionScope } from '../database/types.ts';
import type { EmbeddingModel } from '../models/types.ts';

/**
 * How the numbers of a vector are stored: with single precision or half of it, which takes half the room and loses the third digit of a similarity.
 * PostgreSQL has the half, because its index takes room. WebAssembly has no instructions for it: the embedded database would take two to four times as long.
 */
export type Precision = 'vector' | 'halfvec';

/** What has a vector: something of a project, by its number there. */
export interface Place {
  project_id: string;
  number: number;
}

export interface Nearest extends Place {
  /** From -1 to 1: 1 is the same direction. */
  similarity: number;
}

export interface NearestQuery {
  vector: Float32Array;
  projects: readonly string[];
  /** How many at most. */
  most: number;
  /** About how many vectors these projects have: few are compared one by one, which finds all; of many the index finds nearly all. */
  among: number;
  /** What must be true, besides, of `space.project_id` and `space.number`. */
  where?: RawBuilder<boolean> | undefined;
}

/** The vectors that one model made. Those of two models are never compared. */
export interface Space {
  readonly id: string;
  readonly model: EmbeddingModel;
  readonly dimension: number;
  nearest(scope: TransactionScope, query: NearestQuery): Promise<Nearest[]>;
  /** Those that have a vector already keep it. */
  write(
    scope: TransactionScope,
    rows: readonly (Place & { owner_id: string | null; workspace_id: string; vector: Float32Array })[],
  ): Promise<void>;
}

export interface Vectors {
  /** What keeps search from using vectors, for `/health`; undefined: nothing, or no embedding model is switched on. */
  readonly failure: string | undefined;
  /** In which queries are answered: that of the newest model that has vectors of everything. */
  serving(): Promise<Space | undefined>;
  /** That of the model of the settings, made where it is not there yet; undefined: `failure` says why, or another process fills one with another model. */
  filling(signal: AbortSignal): Promise<Space | undefined>;
  /** Whether this process fills the space now: one does, and renews that with each call; when it is gone, another one may. */
  claim(space: Space): Promise<boolean>;
  /** Builds the index of a space that has become so large that it needs one; it goes on serving. `least`: only measurements give their own. */
  index(space: Space, least?: number): Promise<void>;
  /** From now on `space` serves, and those of other models are dropped. */
  serve(space: Space): Promise<void>;
  /** Another process may fill from now on. */
  close(): Promise<void>;
}

/** Where no embedding model is switched on. */
export const noVectors: Vectors = {
  failure: undefined,
  serving: async () => undefined,
  filling: async () => undefined,
  claim: async () => false,
  index: async () => undefined,
  serve: async () => undefined,
  close: async () => undefined,
};
