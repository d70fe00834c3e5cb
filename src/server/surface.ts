/** Everything that the running server answers over HTTP, put together in one place. */

import { scopes } from '../platform/identity/principal.ts';
import type { Metrics } from '../platform/telemetry/metrics.ts';
import type { Admission } from './admission.ts';
import { browserRoutes } from './browser.ts';
import { createGuard } from './guard.ts';
import { type Health, healthRoutes, metricsRoute } from './health.ts';
import type { Surface } from './http.ts';
import { serveMcp } from './mcp-exchange.ts';
import type { McpFace } from './mcp/face.ts';
import { bearerChallenge, protectedResourceMetadata, protectedResourcePaths } from './mcp/metadata.ts';
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
  const rest = { registry, identity, admission, maxBodyBytes };
  return {
    guard: createGuard(settings, issuer),
    routes: [
      ...healthRoutes(health),
      metricsRoute(metrics, settings),
      ...authRoutes(rest),
      ...protectedResourcePaths.map((path) => metadataRoute(path, issuer)),
      toolsRoute(rest),
      ...operationRoutes(rest),
      ...docsRoutes(registry),
      ...browserRoutes(),
    ],
    mcp: (exchange) => serveMcp({ face, registry, identity, admission, maxBodyBytes }, exchange),
    stranger: admission.stranger,
    challenge: (sent) => bearerChallenge({ issuer, scopes, ...(sent ? { error: 'invalid_token' } : {}) }),
  };
}

function metadataRoute(path: string, issuer: string): Route {
  return {
    method: 'GET',
    path,
    handle: () => json(protectedResourceMetadata(issuer, scopes), 200, { 'Cache-Control': 'public, max-age=3600' }),
  };
}
