/** `npm run build`: compiles src into dist for the published package, and copies what is not TypeScript beside it. */

import { spawnSync } from 'node:child_process';
import { cpSync, lstatSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installMissing, node, root } from './install.mjs';

installMissing();
const dist = join(root, 'dist');
// A file that was removed from src must not live on in the package.
rmSync(dist, { recursive: true, force: true });
const compiler = join(root, 'node_modules/typescript/bin/tsc');
const { status } = spawnSync(node, [compiler, '--project', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });
if (status !== 0) process.exit(1);
cpSync(join(root, 'src'), dist, { recursive: true, filter: (path) => lstatSync(path).isDirectory() || !path.endsWith('.ts') });
// The page at `/docs`; the server looks for them here first.
for (const name of ['swagger-ui.css', 'swagger-ui-bundle.js', 'LICENSE', 'NOTICE'])
  cpSync(join(root, 'node_modules/swagger-ui-dist', name), join(dist, 'server/rest/swagger-ui', name));

// What `GET /version` tells. SOURCE_DATE_EPOCH makes two builds of one commit the same: https://reproducible-builds.org/specs/source-date-epoch/
// REVISION is for where the sources are without their history, as in an image that is being built.
const head = spawnSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8' });
const epoch = process.env['SOURCE_DATE_EPOCH'];
const built = {
  commit: process.env['REVISION'] || (head.status === 0 ? head.stdout.trim() : null),
  built_at: (epoch === undefined ? new Date() : new Date(Number(epoch) * 1_000)).toISOString(),
};
writeFileSync(join(dist, 'build.json'), `${JSON.stringify(built)}\n`);
