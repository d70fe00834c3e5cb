/** What a rule of the linter is, and what it finds. */

import type { Place } from '../source.ts';
import type { LintDocument } from './document.ts';

export type Severity = 'error' | 'warning' | 'info';

export interface Rule {
  /** Stable: ignores and reports name it. */
  readonly id: string;
  /** The same in words: `curl-no-fail`. */
  readonly name: string;
  readonly severity: Severity;
  readonly title: string;
  /** One sentence: what goes wrong. */
  readonly why: string;
  /** One sentence: what to write instead. */
  readonly fix: string;
  /** A document that the rule fires on. */
  readonly bad: string;
  /** The same, done right. */
  readonly good: string;
  check(document: LintDocument): Iterable<Problem>;
}

export interface Problem {
  readonly at: Place;
  readonly message: string;
}

export interface Finding extends Place {
  readonly rule: string;
  readonly severity: Severity;
  readonly message: string;
  readonly why: string;
  readonly fix: string;
}

/** Examples are one script most of the time. */
export function bash(script: string): string {
  return `\`\`\`bash\n${script}\n\`\`\`\n`;
}
