/** This server as `quarterdeck start` runs it, with somebody signed up. The limits of calls are off, and ordinary requests are not logged. */

import { readSettings } from '../../src/platform/config/read.ts';
import { createLog } from '../../src/platform/telemetry/log.ts';
import { startServer } from '../../src/server/start.ts';
import { signUp } from '../../test/support/client.ts';

const effective = readSettings({ environment: { ...process.env, QUARTERDECK_PORT: '0' }, folder: process.cwd() });
const server = await startServer(effective, createLog(effective.settings), { migrate: true });
const user = await signUp(server.url);
process.on('message', (message) => {
  if (message === 'memory') process.send?.({ rss: process.memoryUsage().rss });
  if (message === 'stop') void server.close().then(() => process.disconnect());
});
process.send?.({ url: server.url, key: user.key });
