/** Physical backups of a throw-away PostgreSQL: a repository of pgBackRest beside it, which every file of its write-ahead log goes to. */

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chown, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { type Cluster, query } from './cluster.ts';

export interface Archive {
  readonly stanza: string;
  /** The configuration of pgBackRest. */
  readonly config: string;
  /** Runs pgBackRest as the account of the cluster. @throws Error with what it said */
  run(...words: string[]): Promise<void>;
}

/** With which a cluster has to be started, because they cannot be changed afterwards. A file is archived after a second, full or not. */
export const archiveSettings = { archive_mode: 'on', archive_timeout: '1' };

const stanza = 'main';

/** Why there is no archive here; undefined: there can be one. */
export const withoutPgBackRest = (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, 'pgbackrest')))
  ? undefined
  : 'pgBackRest is not installed (apt: pgbackrest)';

/** Of a cluster that was started with `archiveSettings`. Goes with its folder. */
export async function startArchive(cluster: Cluster): Promise<Archive> {
  const { folder, account } = cluster;
  const config = join(folder, 'pgbackrest.conf');
  await writeFile(config, configurationOf(cluster));
  if (account.uid !== undefined && account.gid !== undefined) await chown(config, account.uid, account.gid);
  const run: Archive['run'] = async (...words) => {
    await promisify(execFile)('pgbackrest', [`--config=${config}`, `--stanza=${stanza}`, ...words], { ...account, cwd: folder });
  };
  await run('stanza-create');
  await query(cluster.adminUrl, `alter system set archive_command = 'pgbackrest --config=${config} --stanza=${stanza} archive-push %p'`);
  await query(cluster.adminUrl, 'select pg_reload_conf()');
  await run('check');
  return { stanza, config, run };
}

/** As docs/backups.md shows it, with everything below one folder. */
function configurationOf({ folder, port }: Cluster): string {
  return `[global]
repo1-path=${folder}/repository
repo1-retention-full=2
lock-path=${folder}/lock
spool-path=${folder}/spool
log-level-file=off
start-fast=y

[${stanza}]
pg1-path=${folder}/data
pg1-port=${port}
pg1-socket-path=${folder}
pg1-user=postgres
`;
}
