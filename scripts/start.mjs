/** `npm start`: installs what is missing, then runs `quarterdeck start`. Runs on Node 20. */

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { installMissing, root } from './install.mjs';

/** How often to look whether npm is still there, in milliseconds: soon enough for whoever starts again at once. */
const lookMs = 250;

installMissing();

// npm passes SIGTERM on, but cannot pass on a SIGKILL: without this the server would live on and hold its port and its data.
const npm = process.ppid;
const watch = setInterval(() => {
  if (process.ppid === npm) return;
  clearInterval(watch);
  process.kill(process.pid, 'SIGTERM');
}, lookMs);
watch.unref();

const launcher = join(root, 'bin', 'quarterdeck.mjs');
process.argv.splice(1, 1, launcher, 'start');
await import(pathToFileURL(launcher).href);
