/** All rules, in the order of their ids. */

import type { Rule } from './rule.ts';
import { backupRules } from './rules/backup.ts';
import { databaseRules } from './rules/database.ts';
import { formatRules } from './rules/format.ts';
import { habitRules } from './rules/habits.ts';
import { httpRules } from './rules/http.ts';
import { judgementRules } from './rules/judgement.ts';
import { kubernetesRules } from './rules/kubernetes.ts';
import { releaseRules } from './rules/release.ts';
import { secretRules } from './rules/secrets.ts';
import { shellRules } from './rules/shell.ts';
import { textRules } from './rules/text.ts';
import { wholeRules } from './rules/whole.ts';

const families = [
  backupRules,
  databaseRules,
  formatRules,
  habitRules,
  httpRules,
  judgementRules,
  kubernetesRules,
  releaseRules,
  secretRules,
  shellRules,
  textRules,
  wholeRules,
];

export const rules: readonly Rule[] = families.flat().sort((a, b) => Number(a.id.slice(1)) - Number(b.id.slice(1)));
