/** All rules, in the order of their ids. */

import type { Rule } from './rule.ts';
import { backupRules } from './rules/backup.ts';
import { databaseRules } from './rules/database.ts';
import { httpRules } from './rules/http.ts';
import { kubernetesRules } from './rules/kubernetes.ts';
import { releaseRules } from './rules/release.ts';
import { secretRules } from './rules/secrets.ts';
import { shellRules } from './rules/shell.ts';
import { textRules } from './rules/text.ts';

const families = [backupRules, databaseRules, httpRules, kubernetesRules, releaseRules, secretRules, shellRules, textRules];

export const rules: readonly Rule[] = families.flat().sort((a, b) => Number(a.id.slice(1)) - Number(b.id.slice(1)));
