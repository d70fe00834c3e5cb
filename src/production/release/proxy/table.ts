/** Decides which replica gets a request. Pure: the draw, what is in flight and what was refused are passed in. */

import { z } from 'zod';

const target = z.strictObject({ id: z.string(), host: z.string(), port: z.number(), healthy: z.boolean() });

/** Where requests may go. The supervisor sends a whole new one for each change, so that a switch is one assignment. */
export const tableSchema = z.strictObject({
  routes: z.array(
    z.strictObject({
      version: z.string(),
      /** Share of the requests, relative to the others. 0: only sessions that began there. */
      weight: z.number().min(0),
      targets: z.array(target),
    }),
  ),
});

export type Table = z.output<typeof tableSchema>;
export type Target = z.output<typeof target>;
export type Choice = Target & { version: string };

export interface Situation {
  /** The replica that the session of the request belongs to. */
  readonly pinned?: string | undefined;
  /** Where it was tried in vain. */
  readonly avoid: ReadonlySet<string>;
  /** Two numbers from 0 to 1: for the version, and among equals. */
  readonly draws: readonly [number, number];
  /** Requests of a replica that wait for their answer. */
  waiting(id: string): number;
}

/**
 * A session stays with its replica. All else is drawn by weight among the versions that have a healthy replica, and goes to the one of
 * these with the fewest requests waiting. Where none is healthy, any is better than none: the check of health may be what fails.
 */
export function choose(table: Table, situation: Situation): Choice | undefined {
  const { pinned, avoid } = situation;
  const choices = table.routes.map((route) => ({
    ...route,
    targets: route.targets.filter(({ id }) => !avoid.has(id)).map((each): Choice => ({ ...each, version: route.version })),
  }));
  const home = choices.flatMap(({ targets }) => targets).find(({ id }) => id === pinned);
  if (home !== undefined) return home;
  const weighted = choices.filter(({ weight }) => weight > 0);
  const healthy = weighted.map((route) => ({ ...route, targets: route.targets.filter((each) => each.healthy) }));
  return draw(healthy, situation) ?? draw(weighted, situation);
}

function draw(routes: readonly { weight: number; targets: Choice[] }[], { draws, waiting }: Situation): Choice | undefined {
  const able = routes.filter(({ targets }) => targets.length > 0);
  const total = able.reduce((sum, { weight }) => sum + weight, 0);
  let left = draws[0] * total;
  const route = able.find(({ weight }) => (left -= weight) < 0) ?? able.at(-1);
  if (route === undefined) return undefined;
  const least = Math.min(...route.targets.map(({ id }) => waiting(id)));
  const idlest = route.targets.filter(({ id }) => waiting(id) === least);
  return idlest[Math.min(idlest.length - 1, Math.floor(draws[1] * idlest.length))];
}
