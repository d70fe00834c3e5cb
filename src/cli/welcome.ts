/** What a server says when it is ready: where it is, how to get in, where the data is, how to connect an agent, how to stop. */

import { type Model, thisMachine } from '../platform/models/types.ts';
import { invocation, version } from './invocation.ts';
import { facts, style } from './output.ts';

export interface FirstScreen {
  /** Where the process listens, with the real port. */
  listening: string;
  /** The address that clients use. */
  url: string;
  /** The data folder, absolute. */
  data: string;
  /** The data folder as given with --data, which other commands then need too. */
  dataFlag: string | undefined;
  database: 'embedded' | 'postgres';
  hasAccounts: boolean;
  /** Those that are switched on. */
  models: readonly Pick<Model, 'name' | 'place'>[];
}

export function firstScreen(screen: FirstScreen, json: boolean): string {
  const { listening, url, data, database, models: switchedOn } = screen;
  if (json) return JSON.stringify({ url, listening, version, pid: process.pid, database, data, models: switchedOn });
  return [
    '',
    `${style('bold', 'Quarterdeck')} ${version} is ready.`,
    '',
    facts([
      ['Address', style('cyan', url) + (listening === url ? '' : `, listening on ${listening}`)],
      ['Sign in', signIn(screen)],
      ['Data', place(screen)],
      ...models(screen),
      ['Agents', agents(screen)],
      ['Stop', process.stdin.isTTY ? 'Ctrl-C' : `kill ${process.pid}`],
    ]),
    '',
  ].join('\n');
}

function signIn(screen: FirstScreen): string {
  const page = `${screen.url}/ui/`;
  if (screen.hasAccounts) return `open ${page} in a browser`;
  return `open ${page} in a browser and sign up, or run\n${commandOf(screen, 'user create --email you@example.org')}\nThe first account is the operator of this installation.`;
}

function place({ data, database }: FirstScreen): string {
  return database === 'embedded' ? `${data} (embedded database)` : `PostgreSQL, from DATABASE_URL; secrets in ${data}`;
}

/** Nothing where nothing leaves the server. */
function models({ models: switchedOn }: FirstScreen): [string, string][] {
  const lines = switchedOn.map(({ name, place: where }) => `${name}: text ${where === thisMachine ? 'stays on' : 'goes to'} ${where}`);
  return lines.length === 0 ? [] : [['Models', lines.join('\n')]];
}

/** The key is a placeholder, because one that is printed at every start would end up in logs. */
function agents(screen: FirstScreen): string {
  return [
    'make a key on the page, or run',
    commandOf(screen, 'key create --name "My agent"'),
    'and give it to an MCP client, for instance',
    style('green', `claude mcp add --transport http quarterdeck ${screen.url}/mcp --header "Authorization: Bearer YOUR_KEY"`),
  ].join('\n');
}

function commandOf({ dataFlag }: FirstScreen, command: string): string {
  return `${invocation} ${command}${dataFlag === undefined ? '' : ` --data ${quoted(dataFlag)}`}`;
}

/** As a POSIX shell reads it back. */
function quoted(text: string): string {
  return /^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
