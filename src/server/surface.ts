/** Everything that the running server answers over HTTP, put together in one place. */

import { agentScopes } from '../platform/identity/principal.ts';
import type { Problem } from '../platform/problem.ts';
import type { Metrics } from '../platform/telemetry/metrics.ts';
import type { Admission } from './admission.ts';
import { browserRoutes } from './browser.ts';
import { createGuard } from './guard.ts';
import { type Health, healthRoutes, metricsRoute } from './health.ts';
import type { Surface } from './http.ts';
import { serveMcp } from './mcp-exchange.ts';
import type { McpFace } from './mcp/face.ts';
import type { Exchange } from './exchange.ts';
import { addressedAs, bearerChallenge, protectedResourceMetadata, protectedResourcePaths } from './mcp/metadata.ts';
import { oauthRoutes } from './oauth/routes.ts';
import type { Platform } from './platform.ts';
import { authRoutes, toolsRoute } from './rest/auth.ts';
import { docsRoutes } from './rest/docs.ts';
import { operationRoutes } from './rest/operations.ts';
import { type Route, json } from './route.ts';

export interface SurfaceParts {
  platform: Platform;
  face: McpFace;
  health: Health;
  metrics: Metrics;
  admission: Admission;
}

export function createSurface({ platform, face, health, metrics, admission }: SurfaceParts): Surface {
  const { settings, identity, registry, issuer } = platform;
  const { maxBodyBytes } = settings;
  const rest = { registry, identity, admission, settings };
  return {
    guard: createGuard(settings, issuer),
    routes: [
      ...healthRoutes(health),
      metricsRoute(metrics, settings),
      ...authRoutes(rest),
      ...protectedResourcePaths.map((path) => metadataRoute(path, issuer)),
      ...oauthRoutes({ identity, admission, issuer, maxBodyBytes }),
      toolsRoute(rest),
      ...operationRoutes(rest),
      ...docsRoutes(registry),
      ...browserRoutes(),
    ],
    mcp: (exchange) => serveMcp({ face, registry, identity, admission, maxBodyBytes }, exchange),
    stranger: admission.stranger,
    challenge: (problem, exchange, sent) => challengeOf(problem, addressedAs(issuer, exchange.incoming.headers.host), sent),
  };
}

function challengeOf({ status, code, details, message }: Problem, issuer: string, sent: boolean): string | undefined {
  if (status === 401) return bearerChallenge({ issuer, scopes: agentScopes, ...(sent ? { error: 'invalid_token' } : {}) });
  if (code !== 'insufficient_scope') return undefined;
  const scopes = Array.isArray(details['needed']) ? details['needed'].map(String) : [];
  return bearerChallenge({ issuer, scopes, error: 'insufficient_scope', description: message });
}

function metadataRoute(path: string, issuer: string): Route {
  return {
    method: 'GET',
    path,
    handle: ({ incoming }: Exchange) =>
      json(protectedResourceMetadata(issuer, agentScopes, addressedAs(issuer, incoming.headers.host)), 200, {
        'Cache-Control': 'public, max-age=3600',
        Vary: 'Host',
      }),
  };
}
