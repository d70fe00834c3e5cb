/** How far readers go by default, for tests of the readers themselves. */

import { readSettings } from '../../src/platform/config/read.ts';
import type { ReadLimits } from '../../src/toolsets/knowledge/read/document.ts';

const { settings } = readSettings({ environment: {}, folder: '/nowhere' });

export const readLimits: ReadLimits = {
  bytes: settings.maxSourceBytes,
  pages: settings.maxSourcePages,
  seconds: settings.readSeconds,
  memory: settings.readMemoryMb,
};
