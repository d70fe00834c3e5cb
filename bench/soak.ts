/** `npm run soak`: every kind of call for minutes on end, and what the server holds more at the end than before. Ends with 1 when that is not nothing. */

import { parseArgs } from 'node:util';
import { showVerdict } from '../test/support/soak/judge.ts';
import { soak } from '../test/support/soak/soak.ts';
import { describeMachine } from './machine.ts';

const usage = `Usage: npm run soak -- [--minutes 10] [--only postgres,embedded]

Starts a server and, where it needs one, a PostgreSQL, for each database in turn.`;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    only: { type: 'string', default: 'postgres,embedded' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) console.log(usage);
else await soakAll(Number(values.minutes), values.only.split(','));

async function soakAll(minutes: number, chosen: readonly string[]): Promise<void> {
  console.log(describeMachine());
  console.log(`command: npm run soak -- ${process.argv.slice(2).join(' ')}\n`);
  for (const kind of ['postgres', 'embedded'] as const) {
    if (!chosen.includes(kind)) continue;
    const result = await soak({ kind, minutes });
    console.log(`${kind === 'postgres' ? 'On PostgreSQL' : 'On the embedded database'}, ${minutes} minutes\n`);
    console.log(showVerdict(result));
    console.log(`${result.refused} calls were told to come back`);
    for (const [text, times] of result.surprises) console.log(`surprise, ${times} times: ${text}`);
    console.log('');
    if (result.complaints.length > 0 || result.surprises.size > 0) process.exitCode = 1;
  }
}
