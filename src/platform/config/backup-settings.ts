/** The settings of backups: where they go, who can read them, how long they stay, and what a drill has to keep to. */

import { z } from 'zod';
import { count, httpUrl, seconds, setting } from './setting.ts';

export const backupSettings = {
  backupTo: setting({
    variable: 'QUARTERDECK_BACKUP_TO',
    schema: z.string().min(1).optional(),
    description:
      'Where backups are kept: a folder, better of another machine, or `s3://bucket/prefix`. Credentials for S3 are found where the AWS tools find theirs.',
  }),
  s3Endpoint: setting({
    variable: 'AWS_ENDPOINT_URL_S3',
    schema: httpUrl.optional(),
    description: 'Address of a store that speaks the protocol of S3. Default: Amazon itself.',
  }),
  backupRecipient: setting({
    variable: 'QUARTERDECK_BACKUP_RECIPIENT',
    schema: z
      .string()
      .regex(/^age1[a-z0-9]+$/, 'must be an age recipient, as age-keygen prints it: age1…')
      .optional(),
    description:
      'Backups are encrypted for this age recipient. The machine that makes them cannot read them without the identity. Default: not encrypted.',
  }),
  backupIdentity: setting({
    variable: 'QUARTERDECK_BACKUP_IDENTITY',
    schema: z.string().min(1).optional(),
    description: 'File with the age identity that opens encrypted backups, as `age-keygen` writes it; for `verify`, `restore` and `drill`.',
  }),
  scratchUrl: setting({
    variable: 'QUARTERDECK_SCRATCH_URL',
    schema: z
      .string()
      .regex(/^postgres(ql)?:\/\//, 'must start with postgres:// or postgresql://')
      .optional(),
    description:
      'PostgreSQL server on which `backup verify` and `drill` restore into databases of their own. Default: the server of `DATABASE_URL`; another one keeps the load of a restore away from it.',
    secret: true,
  }),
  backupDailyDays: setting({
    variable: 'QUARTERDECK_BACKUP_DAILY_DAYS',
    schema: count(30, 1, 3_650),
    description: 'For how many days `backup prune` keeps one backup of each day.',
  }),
  backupWeeklyDays: setting({
    variable: 'QUARTERDECK_BACKUP_WEEKLY_DAYS',
    schema: count(90, 1, 3_650),
    description: 'For how many days it keeps one of each week. A quarter of a year: mistakes that nobody noticed are found by then.',
  }),
  recoveryTimeSeconds: setting({
    variable: 'QUARTERDECK_RECOVERY_TIME_SECONDS',
    schema: seconds(1_800),
    description:
      'The recovery time objective: `drill` fails when it takes longer until the restored server has answered everything. Half an hour.',
  }),
  recoveryPointSeconds: setting({
    variable: 'QUARTERDECK_RECOVERY_POINT_SECONDS',
    schema: seconds(3_600),
    description:
      'The recovery point objective: `drill` fails when the newest backup holds an older moment. One hour, so it takes hourly backups.',
  }),
};
