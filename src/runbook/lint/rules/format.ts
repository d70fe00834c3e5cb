/** A document that is written to be run, and cannot be. */

import { readRunbook } from '../../parse/parse.ts';
import { type Rule, bash } from '../rule.ts';

/** Such a step and a head with a title: whoever writes both means this program. Other tools name fences too. */
const step = /^ {0,3}(?:`{3,}|~{3,})(?:bash|sh)[ \t]+\{[^}\n]*\b(?:name|undo)=/m;

export const notRunnable: Rule = {
  id: 'R122',
  name: 'not-runnable',
  severity: 'error',
  title: 'A runbook that cannot be planned',
  why: 'Nothing of it runs before this is right, and that is found out when it is needed.',
  fix: 'Correct it: docs/runbooks.md has every attribute, field and expectation.',
  bad:
    '---\ntitle: Restart\n---\n\n# Restart\n\n## Now\n\n' + bash('systemctl restart shop').replace('bash', 'bash {name=restart retries=3}'),
  good:
    '---\ntitle: Restart\n---\n\n# Restart\n\n## Now\n\n' + bash('systemctl restart shop').replace('bash', 'bash {name=restart retry=3}'),
  *check({ source, frontMatter }) {
    if (!/^title:/m.test(frontMatter) || !step.test(source.text)) return;
    for (const { line, column, message, fix } of readRunbook(source).faults) yield { at: { line, column }, message: `${message} ${fix}` };
  },
};

export const formatRules: readonly Rule[] = [notRunnable];
