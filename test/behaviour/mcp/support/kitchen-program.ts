/** A server with the kitchen, as a process that can be killed. One gate is open and the others stay closed. */

import { readSettings } from '../../../../src/platform/config/read.ts';
import { createLog } from '../../../../src/platform/telemetry/log.ts';
import { startServer } from '../../../../src/server/start.ts';
import { openKitchen } from './kitchen.ts';

const { instead, open } = openKitchen();
open('open');
const effective = readSettings({ environment: process.env, folder: process.cwd() });
await startServer(effective, createLog(effective.settings), { migrate: true, instead });
