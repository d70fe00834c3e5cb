/** `/openapi.json`, and `/docs`: a page to try the API, served from this machine alone. */

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Registry } from '../../operations/types.ts';
import { fileRoute } from '../browser.ts';
import type { Route } from '../route.ts';
import { taggedResponse } from './etag.ts';
import { createOpenApi } from './openapi.ts';

const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Quarterdeck API</title>
    <link rel="icon" href="/ui/mark.svg" type="image/svg+xml" />
    <link rel="stylesheet" href="/docs/swagger-ui.css" />
    <link rel="stylesheet" href="/docs/page.css" />
  </head>
  <body>
    <div id="api"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/page.js"></script>
  </body>
</html>
`;

/** The page's own validator is a service on the network, so it is off. */
const script = `SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#api',
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
});
`;

const style = `body { margin: 0; background: #faf8f3; }
.swagger-ui .topbar, .swagger-ui .servers-title, .swagger-ui .servers { display: none; }
.swagger-ui .info { margin: 32px 0 16px; }
.swagger-ui .info .title { color: #14263d; }
.swagger-ui .scheme-container { background: none; box-shadow: none; padding: 8px 0; }
`;

export function docsRoutes(registry: Registry): Route[] {
  const document = JSON.stringify(createOpenApi(registry));
  const folder = swaggerFolder();
  const bundled = ['swagger-ui.css', 'swagger-ui-bundle.js'].map((name) =>
    fileRoute(`/docs/${name}`, readFileSync(join(folder, name)), '/docs/*'),
  );
  return [
    {
      method: 'GET',
      path: '/openapi.json',
      handle: ({ incoming }) =>
        taggedResponse(document, incoming.headers['if-none-match'], { 'Content-Type': 'application/json', 'Cache-Control': 'no-cache' }),
    },
    fileRoute('/docs', page),
    fileRoute('/docs/page.css', style, '/docs/*'),
    fileRoute('/docs/page.js', script, '/docs/*'),
    ...bundled,
  ];
}

/**
 * The build copies the two files beside this one. As a dependency of the published package, Swagger UI would bring
 * along another one that counts its installations.
 */
function swaggerFolder(): string {
  const copied = join(import.meta.dirname, 'swagger-ui');
  if (existsSync(copied)) return copied;
  return dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
}
