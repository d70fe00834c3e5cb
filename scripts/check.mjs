/** `npm run check`: the static checks alone. Runs on Node 20. */

import { runChecks } from './checks.mjs';
import { installMissing } from './install.mjs';

installMissing();
process.exitCode = (await runChecks()) === 0 ? 0 : 1;
