/** Finds and starts the Chromium of this machine; no browser is ever downloaded. */

import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const names = ['chromium', 'chromium-browser', 'google-chrome'];

/** Why tests of the browser cannot run here. */
export const noChromium = `no browser found: none of ${names.join(', ')} is in PATH, and CHROME_PATH is not set`;

/** `CHROME_PATH`, else the first of the well-known names in `PATH`; undefined: there is none. */
export function findChromium(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const folders = (environment['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const places = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  return [environment['CHROME_PATH'], ...places].find((place) => place !== undefined && existsSync(place));
}

/** Without a sandbox, which containers and root do not have, and without anything that calls home. */
export function launchChromium(executablePath: string): Promise<Browser> {
  const args = [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-dev-shm-usage',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ];
  return chromium.launch({ executablePath, args });
}
