/** Turns the routes of all parts into one application: the most specific path wins, and a wrong method is told apart from a wrong path. */

import { type HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { Hono } from 'hono';
import { type Problem, methodNotAllowed, notFound } from '../platform/problem.ts';
import type { Exchange } from './exchange.ts';
import type { Route } from './route.ts';

export type AppEnv = { Bindings: HttpBindings & { exchange: Exchange } };

export interface AppOptions {
  routes: readonly Route[];
  /** What a path that is not among the routes gets. Default: `not_found`. */
  missing?: () => Problem;
  /** Counts a request to a route that is `limited`. @throws Problem `rate_limited` */
  stranger?: ((exchange: Exchange) => void) | undefined;
  /** Writes what was thrown to the client. */
  fail(exchange: Exchange, error: unknown): Promise<void>;
}

export function createApp({ routes, missing = nothingHere, stranger, fail }: AppOptions): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  for (const [path, methods] of byPath(routes)) {
    const pattern = path.replaceAll(/\{(\w+)\}/g, ':$1');
    for (const route of methods)
      app.on(route.method, pattern, (c) => {
        c.env.exchange.route = route.label ?? route.path;
        if (route.limited === true) stranger?.(c.env.exchange);
        return route.handle(c.env.exchange, c.req.param());
      });
    app.all(pattern, (c) => {
      c.env.exchange.route = path;
      const allowed = methods.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
      c.env.outgoing.setHeader('Allow', allowed.join(', '));
      throw wrongMethod(c.req.method, path, allowed);
    });
  }
  app.notFound(() => {
    throw missing();
  });
  app.onError(async (error, c) => {
    await fail(c.env.exchange, error);
    return RESPONSE_ALREADY_SENT;
  });
  return app;
}

/** Paths with their routes, fixed segments before parameters, because the router takes the first that fits. */
function byPath(routes: readonly Route[]): [string, Route[]][] {
  const paths = new Map<string, Route[]>();
  for (const route of routes) {
    const methods = paths.get(route.path) ?? [];
    if (methods.some(({ method }) => method === route.method)) throw new Error(`${route.method} ${route.path} is declared twice`);
    paths.set(route.path, [...methods, route]);
  }
  return [...paths].sort(([a], [b]) => (specificity(a) < specificity(b) ? -1 : 1));
}

/** Sorts a fixed segment before a parameter at the first place where two paths differ. */
function specificity(path: string): string {
  return path
    .split('/')
    .map((segment) => (segment.startsWith('{') ? '1' : `0${segment}`))
    .join('/');
}

function nothingHere(): Problem {
  return notFound({
    message: 'There is nothing at this path.',
    next: 'GET /openapi.json lists every path; GET /docs is a page to try them.',
  });
}

function wrongMethod(method: string, path: string, allowed: string[]): Problem {
  return methodNotAllowed({
    message: `${path} does not answer to ${method.slice(0, 16)}.`,
    next: `Use ${allowed.toSorted().join(' or ')}.`,
    details: { allowed },
  });
}
