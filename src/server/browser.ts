/** Serves the files of the browser pages from memory, under a policy that runs nothing inline and talks to nobody else. */

import { readFileSync, readdirSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pageHeaders } from './headers.ts';
import { taggedResponse } from './rest/etag.ts';
import type { Route } from './route.ts';

/** What a browser is told a file is. Files with other endings are not served. */
const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.webmanifest': 'application/manifest+json',
};

/** Files keep their address from version to version, so a browser asks each time and mostly hears 304. */
const caching = 'no-cache';

/** `/` and everything under `/ui/`. Only names found in the folder at start have a route, so no path can lead out of it. */
export function browserRoutes(folder = fileURLToPath(new URL('browser/', import.meta.url))): Route[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && extname(entry.name) in types,
  );
  const routes = files.map((entry): Route => {
    const file = join(entry.parentPath, entry.name);
    return fileRoute(`/ui/${file.slice(folder.length).replaceAll('\\', '/').replace(/^\//, '')}`, readFileSync(file), '/ui/*');
  });
  const index = routes.find(({ path }) => path === '/ui/index.html');
  return [
    redirect('/', '/ui/'),
    redirect('/ui', '/ui/'),
    ...(index === undefined ? [] : [{ ...index, path: '/ui/' }]),
    ...routes.filter((route) => route !== index),
  ];
}

/** One file at one address. */
export function fileRoute(path: string, content: Uint8Array<ArrayBuffer> | string, label = path): Route {
  const headers = { ...pageHeaders, 'Content-Type': types[extname(path)] ?? 'text/html; charset=utf-8', 'Cache-Control': caching };
  return { method: 'GET', path, label, handle: ({ incoming }) => taggedResponse(content, incoming.headers['if-none-match'], headers) };
}

function redirect(path: string, to: string): Route {
  return { method: 'GET', path, handle: () => new Response(null, { status: 302, headers: { Location: to } }) };
}
