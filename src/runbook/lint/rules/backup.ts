/** Rules about backups: verified, found again, and there before what cannot be undone. */

import { option, textOf } from '../arguments.ts';
import type { Call } from '../calls.ts';
import type { LintDocument } from '../document.ts';
import { after, before, bringsBack, isBackup, isDowngrade, isLive, restoreOf, shown } from '../effects.ts';
import { type Rule, bash } from '../rule.ts';

/** Reads the backup back, where nothing else is; or a program that says that it does. */
function verifies(call: Call, document: LintDocument): boolean {
  const restore = restoreOf(call);
  if (restore !== undefined) return !isLive(restore, document);
  const words = [call.program, ...call.args.map(({ text }) => text)].join(' ');
  return /\b(?:drill|restore-test|pgbackrest\b.* verify)\b/.test(words) || (/backup/i.test(words) && /verif|\bcheck\b/i.test(words));
}

export const backupUnverified: Rule = {
  id: 'R61',
  name: 'backup-unverified',
  severity: 'error',
  title: 'A backup is made and never read back',
  why: 'An empty or truncated file is found out on the day it is needed; its presence and an exit status of 0 prove neither.',
  fix: 'Restore it into a new database and query it, or run a command that does (`quarterdeck drill`).',
  bad: bash('pg_dump -Fc -d shop -f shop.dump\nls -l shop.dump'),
  good: bash('pg_dump -Fc -d shop -f shop.dump\ncreatedb shop_check\npg_restore -d shop_check --exit-on-error shop.dump'),
  *check(document) {
    for (const call of document.calls)
      if (isBackup(call) && !after(call, document).some((each) => verifies(each, document)))
        yield { at: call.at, message: `Nothing reads back what \`${shown(call)}\` writes.` };
  },
};

/** The name that a backup is written under holds the time, so nobody can know it later. */
function isDatedBackup(call: Call): boolean {
  const target = call.command.redirections.find(({ operator }) => operator === '>')?.target;
  const named = isBackup(call) ? [target, ...call.args.map(({ word }) => word)] : [];
  const snapshot = call.args.some(({ text }) => text === 'create-db-snapshot') ? call.args.map(({ word }) => word) : [];
  return [...named, ...snapshot].some((word) => word !== undefined && word.value === undefined && /\bdate\b/.test(word.text));
}

/** A restore with the name of what it restores. */
function restoredName(call: Call): string | undefined {
  const restore = restoreOf(call);
  if (restore !== undefined) return bringsBack(restore) ? restore.file : undefined;
  const fromSnapshot = call.args.some(({ text }) => text === 'restore-db-instance-from-db-snapshot');
  return fromSnapshot ? textOf(option(call, '--db-snapshot-identifier')) : undefined;
}

export const backupNameLost: Rule = {
  id: 'R62',
  name: 'backup-name-lost',
  severity: 'error',
  title: 'A backup is written under one name and restored from another',
  why: 'The name holds the time of the backup; the restore names a file that is older, or that does not exist.',
  fix: 'Put the name into a variable once (`BACKUP=shop-$(date +%F).dump`) and use the variable in both places.',
  bad: bash('pg_dump -Fc -d shop > "shop_$(date +%F).dump"\ncreatedb shop_new\npg_restore -d shop_new --exit-on-error shop_backup.dump'),
  good: bash(
    'BACKUP="shop_$(date +%F).dump"\npg_dump -Fc -d shop > "$BACKUP"\ncreatedb shop_new\npg_restore -d shop_new --exit-on-error "$BACKUP"',
  ),
  *check(document) {
    if (!document.calls.some(isDatedBackup)) return;
    for (const call of document.calls) {
      const name = restoredName(call);
      if (name !== undefined && !name.includes('$') && !name.includes('*'))
        yield { at: call.at, message: `${name} is restored, but backups get the time into their name.` };
    }
  },
};

function destroys(call: Call, document: LintDocument): boolean {
  if (isDowngrade(call) || call.program === 'dropdb') return true;
  const restore = restoreOf(call);
  if (restore !== undefined) return bringsBack(restore) && isLive(restore, document);
  if (call.program === 'psql') return call.args.some(({ text }) => /\b(?:drop|truncate)\s+(?:table|schema|database)\b/i.test(text));
  return (
    (call.program === 'terraform' && call.args[0]?.text === 'destroy') ||
    call.args.some(({ text }) => /^delete-db-(?:instance|cluster)$/.test(text))
  );
}

export const destructiveWithoutBackup: Rule = {
  id: 'R60',
  name: 'destructive-no-backup',
  severity: 'warning',
  title: 'Data is destroyed with no backup of its present state before',
  why: 'A restore, a drop or a downgrade removes the newest rows, and the backup of yesterday does not have them.',
  fix: 'Make a backup in the same procedure, right before.',
  bad: '## Roll back\n\n' + bash('alembic downgrade -1'),
  good:
    '## Roll back\n\n' +
    bash('pg_dump -Fc -d shop -f before.dump\ncreatedb check\npg_restore -d check -e before.dump\nalembic downgrade -1'),
  *check(document) {
    for (const call of document.calls)
      if (
        destroys(call, document) &&
        !before(call, document).some(
          (each) => isBackup(each) || each.args.some(({ text }) => /^create-db-(?:cluster-)?snapshot$/.test(text)),
        )
      )
        yield { at: call.at, message: `\`${shown(call)}\` destroys data, and no backup is made before it in this part.` };
  },
};

export const lossUnsaid: Rule = {
  id: 'R80',
  name: 'no-data-loss-note',
  severity: 'info',
  title: 'Data goes back in time, and nothing says what is lost',
  why: 'Whoever runs it decides alone, at night, about the rows of everybody.',
  fix: 'Say what is lost (everything since the backup), and who accepts that.',
  bad: '## Roll back\n\n' + bash('alembic downgrade -1'),
  good:
    '## Roll back\n\nThe new column is dropped and its values are lost; the shift leader accepts that.\n\n' + bash('alembic downgrade -1'),
  *check(document) {
    for (const call of document.calls) {
      if (!isDowngrade(call) && !destroys(call, document)) continue;
      const said = document.prose.some(
        ({ section, text }) => section.part === call.script.section.part && /\b(?:lost|lose|loss|discard\w*)\b/i.test(text),
      );
      if (!said) yield { at: call.at, message: `What \`${shown(call)}\` loses is not said.` };
    }
  },
};

export const rdsRestoreDefaults: Rule = {
  id: 'R79',
  name: 'rds-restore-defaults',
  severity: 'warning',
  title: 'An RDS snapshot is restored with default settings',
  why: 'A restored instance is in one zone, with the default security and parameter groups, unless the command says otherwise.',
  fix: 'Name `--multi-az`, `--vpc-security-group-ids`, `--db-subnet-group-name` and `--db-parameter-group-name`.',
  bad: bash('aws rds restore-db-instance-from-db-snapshot --db-instance-identifier a --db-snapshot-identifier "$SNAPSHOT"'),
  good: bash(
    'aws rds restore-db-instance-from-db-snapshot --db-instance-identifier a --db-snapshot-identifier "$SNAPSHOT" \\\n  --multi-az --vpc-security-group-ids "$GROUP" --db-subnet-group-name shop --db-parameter-group-name shop',
  ),
  *check(document) {
    for (const call of document.calls) {
      if (!call.args.some(({ text }) => text === 'restore-db-instance-from-db-snapshot')) continue;
      const missing = ['--multi-az', '--vpc-security-group-ids', '--db-subnet-group-name', '--db-parameter-group-name'].filter(
        (name) => option(call, name) === undefined,
      );
      if (missing.length > 0) yield { at: call.at, message: `The restored instance gets defaults for ${missing.join(', ')}.` };
    }
  },
};

export const backupRules: readonly Rule[] = [destructiveWithoutBackup, backupUnverified, backupNameLost, rdsRestoreDefaults, lossUnsaid];
