/** The optional package that runs local models: hundreds of megabytes, so whoever wants it installs it. */

import { createRequire } from 'node:module';
import { SettingsError } from '../../config/read.ts';
import { library } from './messages.ts';

/** The version that this was written for and is tested with, as in `peerDependencies`. */
export const libraryVersion = '4.3.1';

export function isLibraryInstalled(): boolean {
  try {
    createRequire(import.meta.url).resolve(library);
    return true;
  } catch {
    return false;
  }
}

/**
 * Its scripts would only fetch what is for graphics cards. Without being told what kind of dependency it is, npm leaves out what the project calls an
 * optional peer, and says nothing.
 */
export const installCommand = `npm install --no-save --save-prod --ignore-scripts ${library}@${libraryVersion}`;

/** @throws SettingsError */
export function requireLibrary(installed = isLibraryInstalled()): void {
  if (!installed)
    throw new SettingsError([
      `QUARTERDECK_EMBEDDING_MODEL: a local model needs the package ${library}, which is not installed. Run \`${installCommand}\` where Quarterdeck is installed, or name another model.`,
    ]);
}
