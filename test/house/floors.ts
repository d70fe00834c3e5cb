/** Which room of `src` may import which: imports go down only. */

import { posix } from 'node:path';
import { type SourceFile, readModule } from './source.ts';

/** The rooms that each room may import besides itself. `cli` is the roof and may import all. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  system: [],
  platform: ['system'],
  operations: ['platform'],
  toolsets: ['operations', 'platform'],
  server: ['toolsets', 'operations', 'platform', 'system'],
  runbook: ['system'],
  production: ['platform', 'system'],
  cli: ['server', 'toolsets', 'operations', 'platform', 'runbook', 'production', 'system'],
};

/** The one toolset that shows runbooks to agents. */
const runbookToolset = 'src/toolsets/runbooks/';

/** One line for each import of the file that breaks a rule: the file, the import, the rule. */
export function brokenFloors(file: SourceFile): string[] {
  return readModule(file)
    .imports.filter((specifier) => specifier.startsWith('.'))
    .flatMap((specifier) => {
      const target = posix.normalize(posix.join(posix.dirname(file.path), specifier));
      const rule = brokenRule(file.path, target);
      return rule === undefined ? [] : [`${file.path} imports ${target}: ${rule}`];
    });
}

function brokenRule(from: string, to: string): string | undefined {
  const isTest = from.endsWith('.test.ts');
  if (!to.startsWith('src/')) {
    if (to === 'package.json' || (isTest && to.startsWith('test/'))) return undefined;
    return 'src imports nothing outside of src but package.json';
  }
  const fromRoom = roomOf(from);
  const toRoom = roomOf(to);
  const rooms = allowed[fromRoom];
  if (rooms === undefined || allowed[toRoom] === undefined) return `${rooms === undefined ? fromRoom : toRoom} is not a room of the house`;
  if (toRoom === 'toolsets') {
    const toolset = toolsetOf(to);
    if (toolset !== undefined && toolset !== toolsetOf(from) && to !== `src/toolsets/${toolset}/index.ts`)
      return `a toolset is imported only through its index.ts`;
  }
  if (fromRoom === toRoom || rooms.includes(toRoom)) return undefined;
  if (toRoom === 'runbook' && from.startsWith(runbookToolset)) return undefined;
  return rooms.length === 0 ? `${fromRoom} imports no other room` : `${fromRoom} imports only ${rooms.join(', ')}`;
}

function roomOf(path: string): string {
  return path.split('/')[1] ?? '';
}

/** The folder under toolsets; undefined for a file that lies directly in it, such as the list of all toolsets. */
function toolsetOf(path: string): string | undefined {
  const [, room, toolset, file] = path.split('/');
  return room === 'toolsets' && file !== undefined ? toolset : undefined;
}
