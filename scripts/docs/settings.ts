/** The reference of settings, from the one schema that reads them. */

import { settingDefinitions } from '../../src/platform/config/settings.ts';
import { generatedNote, table } from './page.ts';

export function renderSettings(): string {
  const rows = Object.values(settingDefinitions).map((definition: (typeof settingDefinitions)[keyof typeof settingDefinitions]) => {
    const flag = 'flag' in definition ? `\`--${definition.flag}\`` : '';
    const secret = 'secret' in definition && definition.secret === true ? ' Secret: never printed.' : '';
    return [`\`${definition.variable}\``, flag, defaultOf(definition.schema.safeParse(undefined)), `${definition.description}${secret}`];
  });
  return `${generatedNote}

# Settings

A flag wins over the environment, the environment over a \`.env\` file in the folder where the server is started, and that over the default.
\`quarterdeck config show\` prints what is in force and where it came from. A wrong setting stops the start, with everything that is wrong listed at
once; a variable that begins with \`QUARTERDECK_\` and is none of these is wrong too, because it was meant to do something.

${table(['variable', 'flag', 'default', 'what it does'], rows)}
`;
}

function defaultOf(parsed: { success: boolean; data?: unknown }): string {
  if (!parsed.success || parsed.data === undefined || (Array.isArray(parsed.data) && parsed.data.length === 0)) return '–';
  return `\`${typeof parsed.data === 'string' ? parsed.data : JSON.stringify(parsed.data)}\``;
}
