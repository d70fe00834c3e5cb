/** Which version this is, from which commit, built when, and which protocol revisions it speaks. */

import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { protocolVersions } from './mcp/face.ts';

/** The folder of package.json: two up from here, in the sources and in the compiled package alike. */
const root = new URL('../../', import.meta.url);

/** As package.json says. */
export const version: string = (JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { version: string }).version;

export interface VersionView {
  version: string;
  commit: string | null;
  built_at: string | null;
  protocol_versions: string[];
}

/** Written into the compiled package by the build. */
interface BuildFacts {
  commit: string | null;
  built_at: string | null;
}

let facts: Promise<BuildFacts> | undefined;

export async function versionView(): Promise<VersionView> {
  facts ??= readFacts();
  return { version, ...(await facts), protocol_versions: [...protocolVersions] };
}

async function readFacts(): Promise<BuildFacts> {
  const built = new URL('../build.json', import.meta.url);
  if (existsSync(built)) return JSON.parse(readFileSync(built, 'utf8')) as BuildFacts;
  // A checkout runs its sources as they are, so the commit is known and there is no time of a build.
  if (!existsSync(new URL('.git', root))) return { commit: null, built_at: null };
  try {
    const { stdout } = await promisify(execFile)('git', ['rev-parse', 'HEAD'], { cwd: fileURLToPath(root), timeout: 2_000 });
    return { commit: stdout.trim(), built_at: null };
  } catch {
    return { commit: null, built_at: null };
  }
}
