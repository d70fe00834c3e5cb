/** Where a release is, and how its supervisor is asked. */

import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { NotRunning } from '../../production/release/refused.ts';
import { supervisorSocket } from '../../production/release/names.ts';
import type { CliCommand } from '../command.ts';
import { withProgress } from '../progress.ts';
import { listenForStop } from '../stop.ts';

export interface ReleaseOptions {
  state?: string;
  json?: boolean;
}

export function withState(command: CliCommand): CliCommand {
  command.option(
    '--state <folder>',
    'Where the release keeps its state, its sockets and its logs (default: QUARTERDECK_RELEASE_STATE, or release in the state folder of this user).',
  );
  return command;
}

/** https://specifications.freedesktop.org/basedir-spec/latest/ */
export function stateFolder({ state }: ReleaseOptions): string {
  const { QUARTERDECK_RELEASE_STATE: said, XDG_STATE_HOME: home = join(homedir(), '.local', 'state') } = process.env;
  return resolve(state ?? (said === undefined || said === '' ? join(home, 'quarterdeck', 'release') : said));
}

/** The answer of the supervisor. Ctrl-C takes back what it was asked for. @throws Error when none runs there, or it refuses */
export async function askSupervisor(options: ReleaseOptions, command: string, input: unknown, doing: string): Promise<unknown> {
  const { call } = await import('../../production/release/admin.ts');
  const folder = stateFolder(options);
  const { signal } = listenForStop();
  try {
    return await withProgress(doing, (report) =>
      call(folder, supervisorSocket, command, input, { signal, onProgress: (message) => report({ message }) }),
    );
  } catch (error) {
    if (error instanceof NotRunning)
      throw new Error(
        `No supervisor runs in ${folder}. Start one with \`quarterdeck release start\`, or choose another folder with --state.`,
        {
          cause: error,
        },
      );
    if (signal.aborted) throw new Error('Interrupted: what was begun is taken back, and what was live serves as before.', { cause: error });
    throw error;
  }
}
