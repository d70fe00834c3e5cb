/** How this program was started, for the command lines that it prints. */

import { readFileSync } from 'node:fs';

/** True when the sources run as they are; the published package has compiled ones. */
export const inCheckout = import.meta.url.endsWith('.ts');

/** What to type before the name of a command. */
export const invocation = inCheckout ? 'npx --no-install quarterdeck' : 'quarterdeck';

/** Read here and not from the server, whose modules take half a second to load. */
export const version: string = (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string })
  .version;
