/** Rules about reading dumps back into PostgreSQL. */

import { given, option } from '../arguments.ts';
import type { LintDocument } from '../document.ts';
import { bringsBack, isLive, readsScript, restoreOf } from '../effects.ts';
import { type Rule, bash } from '../rule.ts';

function restores(document: LintDocument) {
  return document.calls.flatMap((call) => restoreOf(call) ?? []);
}

export const pgRestorePlain: Rule = {
  id: 'R01',
  name: 'pgrestore-plain',
  severity: 'error',
  title: 'pg_restore is given a plain SQL dump',
  why: 'pg_restore reads archives only and refuses text: the restore fails when it is needed.',
  fix: 'Dump with `pg_dump -Fc`, or read the SQL file with `psql -1 -v ON_ERROR_STOP=1 -f FILE`.',
  bad: bash('FILE=shop.sql\npg_restore -d shop_new --exit-on-error "/backups/$FILE"'),
  good: bash('FILE=shop.dump\npg_restore -d shop_new --exit-on-error "/backups/$FILE"'),
  *check(document) {
    const plain = new Set(
      document.calls
        .filter((call) => call.program === 'pg_dump' && option(call, '-F', '--format') === undefined)
        .flatMap((call) => [
          option(call, '-f', '--file'),
          call.command.redirections.find(({ operator }) => operator === '>')?.target?.value,
        ]),
    );
    for (const call of document.calls) {
      if (call.program !== 'pg_restore') continue;
      const file = restoreOf(call)?.file ?? call.args.at(-1)?.text ?? '';
      if (/\.sql$/i.test(file) || (file !== '' && plain.has(file)))
        yield { at: call.at, message: `pg_restore cannot read ${file}, which is a plain SQL dump.` };
    }
  },
};

function stopsOnError(call: { args: readonly { text: string }[] }): boolean {
  return call.args.some(({ text }) => /ON_ERROR_STOP/.test(text));
}

export const psqlNoErrorStop: Rule = {
  id: 'R02',
  name: 'psql-no-error-stop',
  severity: 'error',
  title: 'psql reads a file and goes on after errors',
  why: 'Without ON_ERROR_STOP psql ends with status 0 however many statements failed, and leaves a mixture of old and new rows.',
  fix: 'Add `-v ON_ERROR_STOP=1 -1`, so that all of the file is applied or none.',
  bad: bash('psql -d shop_new -f shop.sql'),
  good: bash('psql -d shop_new -1 -v ON_ERROR_STOP=1 -f shop.sql'),
  *check(document) {
    for (const call of document.calls)
      if (call.program === 'psql' && readsScript(call) && !stopsOnError(call))
        yield { at: call.at, message: 'psql reads a script and does not stop at its first error.' };
  },
};

export const restoreNotAtomic: Rule = {
  id: 'R03',
  name: 'restore-not-atomic',
  severity: 'warning',
  title: 'A restore can stop half-way',
  why: 'Without one transaction, or the order to stop, an error leaves a database that is half restored and looks whole.',
  fix: 'Add `-1` (psql, pg_restore), or `--exit-on-error` where pg_restore runs with several jobs.',
  bad: bash('pg_restore -d shop_new shop.dump'),
  good: bash('pg_restore -d shop_new --exit-on-error shop.dump'),
  *check(document) {
    for (const restore of restores(document)) {
      const { call } = restore;
      if (!bringsBack(restore) || given(call, ['-1', '--single-transaction', '--exit-on-error'])) continue;
      if (call.program === 'pg_restore' && given(call, ['-e'])) continue;
      yield { at: call.at, message: `${call.program} leaves what it has done when it fails half-way.` };
    }
  },
};

export const restoreIntoLive: Rule = {
  id: 'R05',
  name: 'restore-into-live',
  severity: 'error',
  title: 'A backup is restored over the database that is in use',
  why: 'Old rows mix with new ones while the application writes, and the state before the restore is lost.',
  fix: 'Restore into a new database (`createdb NAME`), check it, then point the application at it.',
  bad: bash('psql -1 -v ON_ERROR_STOP=1 -d production -f backup.sql'),
  good: bash('createdb shop_restored\npsql -1 -v ON_ERROR_STOP=1 -d shop_restored -f backup.sql'),
  *check(document) {
    for (const restore of restores(document))
      if (bringsBack(restore) && isLive(restore, document))
        yield {
          at: restore.call.at,
          message: `The restore goes into ${restore.target || 'the database of the application'}, which is in use.`,
        };
  },
};

export const psqlManyCommands: Rule = {
  id: 'R10',
  name: 'psql-many-commands',
  severity: 'warning',
  title: 'psql runs several statements and goes on after errors',
  why: 'The exit status is that of the last statement: what failed before it is not noticed.',
  fix: 'Add `-v ON_ERROR_STOP=1`.',
  bad: bash('psql -d shop -c "select 1/0" -c "select 1"'),
  good: bash('psql -d shop -v ON_ERROR_STOP=1 -c "select 1/0" -c "select 1"'),
  *check(document) {
    for (const call of document.calls) {
      if (call.program !== 'psql' || stopsOnError(call)) continue;
      const commands = call.args.filter(({ text }) => text === '-c' || text === '--command' || text.startsWith('--command=')).length;
      const typed = call.command.redirections.some(({ operator }) => operator.startsWith('<<'));
      if (commands > 1 || typed) yield { at: call.at, message: 'psql runs several statements, and only the last decides its exit status.' };
    }
  },
};

export const sqlalchemyUrl: Rule = {
  id: 'R30',
  name: 'sqlalchemy-url',
  severity: 'warning',
  title: 'The URL of an SQLAlchemy application is given to a PostgreSQL program',
  why: 'libpq does not know `postgresql+driver://` and takes the whole URL for the name of a database.',
  fix: 'Give the program its own URL or service name, or take the driver out: `${DATABASE_URL/+asyncpg/}`.',
  bad: bash('alembic upgrade head\npsql -d "$DATABASE_URL" -c "select 1"'),
  good: bash('alembic upgrade head\npsql -d "service=shop" -c "select 1"'),
  *check(document) {
    const sqlalchemy = document.calls.some(({ program, args }) => program === 'alembic' || args.some(({ text }) => text === 'alembic'));
    for (const call of document.calls) {
      if (!/^(?:psql|pg_dump|pg_restore)$/.test(call.program)) continue;
      const url = call.args.find(({ text }) => /^postgres(?:ql)?\+\w+:/.test(text) || (sqlalchemy && text === '$DATABASE_URL'));
      if (url !== undefined) yield { at: call.at, message: `${call.program} is given ${url.text}, which may name a driver of SQLAlchemy.` };
    }
  },
};

export const databaseRules: readonly Rule[] = [
  pgRestorePlain,
  psqlNoErrorStop,
  restoreNotAtomic,
  restoreIntoLive,
  psqlManyCommands,
  sqlalchemyUrl,
];
