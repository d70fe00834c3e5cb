/** A release of our server on a PostgreSQL that may be killed, and the runbooks of incidents run against it as a user runs them. */

import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Cluster, startPostgres } from './cluster.ts';
import { type TestRelease, createRelease } from './release.ts';
import { type LastLine, type StartOptions, type Workshop, createWorkshop, program } from './runbook.ts';

const run = promisify(execFile);

export interface Incident {
  readonly release: TestRelease;
  readonly workshop: Workshop;
  readonly cluster: Cluster;
  readonly databaseUrl: string;
  /** The settings of the service, for `--env-from`. */
  readonly environmentFile: string;
  /** How one replica of our server is started. */
  readonly serve: string;
  /** `quarterdeck …` with the settings of the service. @throws Error when it fails */
  quarterdeck(...words: string[]): Promise<string>;
  /** Releases our server. */
  deploy(version: string, ...words: string[]): Promise<void>;
  /** Runs `runbooks/NAME.md` with the release, its address and its database. */
  run(name: string, inputs?: Readonly<Record<string, string>>, options?: StartOptions): Promise<Found>;
  /** Approves what a run waits for, and goes on with it. */
  approve(waiting: LastLine, options?: StartOptions): Promise<Found>;
  remove(): Promise<void>;
}

/** How a run ended, and what it took for the cause. */
export type Found = LastLine & { readonly cause: string | undefined };

/** Shared by all replicas of a release. */
export const authSecret = 'x8Yw2-jT0_k5Bq7Rz1mVn4Lc9Hf3Gd6S';

/** `starting`: the PostgreSQL, where its own programs are needed as well. */
export async function createIncident(starting: Promise<Cluster> = startPostgres()): Promise<Incident> {
  const workshop = createWorkshop();
  const [cluster, release] = await Promise.all([starting, createRelease()]);
  const { url: databaseUrl } = await cluster.createDatabase();
  const settings = {
    DATABASE_URL: databaseUrl,
    BETTER_AUTH_SECRET: authSecret,
    QUARTERDECK_DATA: release.folder,
    LOG_LEVEL: 'warn',
    QUARTERDECK_URL: release.url,
  };
  const environmentFile = join(release.folder, 'service.env');
  const lines = Object.entries(settings).map(([name, value]) => `${name}='${value}'\n`);
  writeFileSync(environmentFile, lines.join(''), { mode: 0o600 });
  const serve = `'${process.execPath}' '${program}' serve --port "$PORT"`;

  const ended = (last: LastLine): Found => ({ ...last, cause: causeOf(workshop, last.run) });
  const environment = { DATABASE_URL: databaseUrl };
  return {
    release,
    workshop,
    cluster,
    databaseUrl,
    environmentFile,
    serve,
    async quarterdeck(...words) {
      const { stdout } = await run(process.execPath, [program, ...words], {
        cwd: release.folder,
        env: { PATH: process.env['PATH'], HOME: release.folder, ...settings },
      });
      return stdout;
    },
    async deploy(version, ...words) {
      await release.deploy(
        version,
        '--command',
        serve,
        '--env-from',
        environmentFile,
        '--replicas',
        '2',
        '--deploy-timeout',
        '2m',
        ...words,
      );
    },
    async run(name, inputs = {}, options = {}) {
      const all = { STATE: release.state, ...inputs };
      const given = Object.entries(all).flatMap(([key, value]) => ['--input', `${key}=${value}`]);
      const file = join(import.meta.dirname, `../../runbooks/${name}.md`);
      return ended(await workshop.last(['run', file, ...given], { environment: { ...environment, ...options.environment } }));
    },
    async approve({ run: id }, options = {}) {
      const { stdout } = await workshop.runbook(['show', id, '--json']);
      const { hash } = JSON.parse(stdout) as { hash: string };
      const approved = await workshop.runbook(['approve', id, '--by', 'grace', '--hash', hash]);
      if (approved.code !== 0) throw new Error(approved.stderr);
      return ended(await workshop.last(['resume', id], { environment: { ...environment, ...options.environment } }));
    },
    async remove() {
      await release.remove();
      await cluster.stop();
      await workshop.remove();
    },
  };
}

function causeOf(workshop: Workshop, id: string): string | undefined {
  for (const record of workshop.journal(id))
    if (record.type === 'step.ended' && record.captured?.name === 'cause') return record.captured.value;
  return undefined;
}
