/** `quarterdeck check database` and `check migrations`: what a server stands on. */

import { lossText } from '../../platform/database/loss-text.ts';
import { defaultMigrationLockMs } from '../../platform/database/requirements.ts';
import { spareConnections } from '../../production/check/pool.ts';
import type { CheckResult } from '../../production/check/result.ts';
import type { CliCommand } from '../command.ts';
import { databaseFacts } from '../doctor/database.ts';
import { countOf, durationOf, optionOf, secretFrom, wholeOf } from '../options.ts';
import { type PlaceOptions, askExistingData, dataOption } from '../place.ts';
import { settingsOf } from '../settings.ts';
import { migrationStatus, migrationTrial } from '../views.ts';
import { type CheckOptions, checkCommand, runCheck } from './run.ts';

type DatabaseOptions = CheckOptions &
  PlaceOptions & {
    urlEnv?: string;
    answers?: boolean;
    pool?: number;
    replicas?: number;
    surge: number;
    spare: number;
    maxTransaction: number;
    maxIdle: number;
    maxLag: number;
  };

const minute = 60_000;

export function databaseCommand(): CliCommand {
  const command = checkCommand('database', {
    summary: 'Whether the database answers, has connections for all replicas, and is held up by no forgotten transaction.',
    details:
      'PostgreSQL at DATABASE_URL, or the embedded database, of which it only asks whether it answers. Pool and replicas are those of the settings unless they are given.',
    example: 'quarterdeck check database --replicas 3 --pool 10',
  });
  command
    .addOption(dataOption())
    .option('--url-env <name>', 'Variable with the address of any PostgreSQL. (default: DATABASE_URL, also from .env)')
    .option('--answers', 'Only whether it answers and takes writes; nothing else is judged.')
    .option('--replicas <number>', 'How many replicas share it.', countOf)
    .option('--pool <number>', 'Connections of one replica.', countOf)
    .option('--surge <number>', 'Replicas that a release starts before it stops old ones.', wholeOf, 1)
    .option('--spare <number>', 'Connections to leave for migrations, backups and people.', wholeOf, spareConnections)
    .addOption(optionOf('--max-transaction <duration>', 'The age of the oldest transaction.', durationOf, 5 * minute, '5m'))
    .addOption(optionOf('--max-idle <duration>', 'How long a transaction may be open without doing anything.', durationOf, minute, '1m'))
    .addOption(optionOf('--max-lag <duration>', 'How far a standby may be behind.', durationOf, minute / 2, '30s'));
  return command.action(async (options: DatabaseOptions) => {
    const effective = settingsOf(options);
    const { databaseUrl, databasePool, replicas } = effective.settings;
    const url = secretFrom(options.urlEnv) ?? databaseUrl;
    await runCheck(options, 'asking the database', async () => {
      if (url === undefined) return checkEmbedded(options);
      if (options.answers === true) {
        const { checkAnswers } = await import('../../production/check/answers.ts');
        return checkAnswers(url, options.timeout);
      }
      const { checkDatabase } = await import('../../production/check/database.ts');
      return checkDatabase(url, options.timeout, {
        pool: options.pool ?? databasePool,
        replicas: options.replicas ?? replicas,
        surge: options.surge,
        spare: options.spare,
        transactionSeconds: options.maxTransaction / 1_000,
        idleSeconds: options.maxIdle / 1_000,
        lagSeconds: options.maxLag / 1_000,
      });
    });
  });
}

/** It has one connection and no standby. */
async function checkEmbedded(options: DatabaseOptions): Promise<CheckResult> {
  const { database } = databaseFacts.parse(await askExistingData(options, 'doctor facts', {}, 'asking the database'));
  const { conclude, judged } = await import('../../production/check/result.ts');
  const { server_version = '' } = database;
  return conclude('database', [judged('version', `embedded ${server_version}`, 'any', true, '')], { server_version });
}

type MigrationsOptions = CheckOptions & PlaceOptions & { try?: boolean; lockTimeout: number; loseData?: boolean };

export function migrationsCommand(): CliCommand {
  const command = checkCommand('migrations', {
    summary: 'Whether the tables are those that this version works on: nothing is pending, and nothing is newer.',
    details:
      'With --try what is pending is run in one transaction and taken back: whether it would work on the rows that are there, who holds a lock that it needs, and what it takes away. ' +
      'Meanwhile it has its locks, so others may have to wait for as long. `--print condition` is one of current, ready, locked, failing, newer.',
    example: 'quarterdeck check migrations',
  });
  command
    .addOption(dataOption())
    .option('--try', 'Run what is pending and take it back.')
    .addOption(optionOf('--lock-timeout <duration>', 'With --try: for a lock.', durationOf, defaultMigrationLockMs, '5s'))
    .option('--lose-data', 'With --try: pending migrations may take away tables or columns that have something in them.');
  return command.action(async (options: MigrationsOptions) => {
    const input = options.try === true ? { lock_timeout_ms: options.lockTimeout } : {};
    const name = options.try === true ? 'migrate try' : 'migrate status';
    const found = await askExistingData(options, name, input, 'reading the migrations');
    await runCheck(options, 'reading the migrations', async () => {
      const { checkMigrations, checkTrial } = await import('../../production/check/migrations.ts');
      if (options.try !== true) return checkMigrations(migrationStatus.parse(found));
      const trial = migrationTrial.parse(found);
      return checkTrial(trial, lossText(trial.loses), options.loseData === true);
    });
  });
}
