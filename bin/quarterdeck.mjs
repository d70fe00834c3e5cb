#!/usr/bin/env node
/** Runs the command line on Node 24: the TypeScript of a checkout as it is, or the JavaScript of the published package. */

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { isatty } from 'node:tty';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The first Node that runs TypeScript without a flag or a warning, and has long-term support. */
const wantedNode = 24;

/** Names the launcher's process to the Node that it started. */
const launcherVariable = 'LAUNCHER_PID';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

if (Number.parseInt(process.versions.node, 10) >= wantedNode) await runHere();
else runOn(findNode());

async function runHere() {
  endWithLauncher();
  const source = join(root, 'src', 'cli', 'main.ts');
  const checkout = existsSync(source);
  // In a checkout beside the dependencies, so that it survives a restart of the machine; elsewhere where Node puts it.
  module.enableCompileCache(checkout ? join(root, 'node_modules', '.cache', 'compile') : undefined);
  // A server that is killed would never write what it compiled; after five seconds it has loaded everything.
  setTimeout(module.flushCompileCache, 5_000).unref();
  await import(pathToFileURL(checkout ? source : join(root, 'dist', 'cli', 'main.js')).href);
}

/** A launcher that was killed with a signal that cannot be passed on must not leave a server behind. */
function endWithLauncher() {
  const launched = process.env[launcherVariable] === String(process.ppid);
  delete process.env[launcherVariable];
  if (!launched || process.channel === undefined) return;
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  process.channel.unref();
}

/** The binary of the npm package `node`: a development dependency of the checkout, and an option elsewhere. */
function findNode() {
  try {
    const binary = join(dirname(module.createRequire(import.meta.url).resolve('node/package.json')), 'bin', 'node');
    if (existsSync(binary)) return binary;
  } catch {
    // Not installed.
  }
  console.error(
    `quarterdeck: this is Node ${process.version}, and it needs Node ${wantedNode}. Install it from https://nodejs.org, or run \`npm install node@${wantedNode}\` beside quarterdeck.`,
  );
  process.exit(1);
}

/** @param {string} node */
function runOn(node) {
  const child = spawn(node, process.argv.slice(1), {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, [launcherVariable]: String(process.pid) },
  });
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'])) {
    // A terminal sends Ctrl-C to the whole group; passing it on as well would count as the second one, which means "now".
    process.on(signal, () => (signal === 'SIGINT' && isatty(0) ? undefined : child.kill(signal)));
  }
  child.on('error', (error) => {
    console.error(`quarterdeck: ${node} cannot be run: ${error.message}. Remove node_modules and install again.`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (signal === null ? 1 : constants.signals[signal])));
}
