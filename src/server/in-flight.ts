/** The requests that are being answered, for whoever must end them. */

import type { Exchange } from './exchange.ts';

export interface InFlight {
  /** Returns how to take it out again. */
  add(exchange: Exchange): () => void;
  all(): Exchange[];
}

/**
 * Places that are used again. A `Set` leaves its old table behind each time it grows, and a table that outlived a quick collection holds
 * all that was in it, young as it was, until the next full one: at ten thousand requests a second that made most of the collector's work.
 */
export function createInFlight(): InFlight {
  const places: (Exchange | undefined)[] = [];
  const free: number[] = [];
  return {
    add(exchange) {
      const place = free.pop() ?? places.length;
      places[place] = exchange;
      return () => {
        places[place] = undefined;
        free.push(place);
      };
    },
    all: () => places.filter((exchange) => exchange !== undefined),
  };
}
