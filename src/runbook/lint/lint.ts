/** Looks at a document with every rule. Works on any Markdown, also on what was never written for this program. */

import type { Source } from '../source.ts';
import { type LintDocument, readDocument } from './document.ts';
import { type Ignore, ignoresOf } from './ignore.ts';
import type { Finding, Rule } from './rule.ts';
import { rules } from './rules.ts';

export interface LintOptions {
  /** The only rules to use; undefined: all. */
  readonly only?: readonly string[];
  readonly without?: readonly string[];
}

export interface LintResult {
  readonly file: string;
  /** In the order of the document. */
  readonly findings: readonly Finding[];
  /** Findings that a comment in the document silences. */
  readonly ignored: number;
}

export function lint(source: Source, { only, without = [] }: LintOptions = {}): LintResult {
  const document = readDocument(source);
  const ignores = ignoresOf(document);
  const used = rules.filter(({ id }) => (only === undefined || only.includes(id)) && !without.includes(id));
  const found = used.flatMap((rule) => findingsOf(rule, document));
  const findings = found.filter((finding) => !isIgnored(finding, ignores));
  return { file: source.file, findings: findings.sort(byPlace), ignored: found.length - findings.length };
}

function findingsOf(rule: Rule, document: LintDocument): Finding[] {
  const { id, severity, why, fix } = rule;
  const seen = new Set<string>();
  return [...rule.check(document)].flatMap(({ at, message }) => {
    const place = `${at.line}:${at.column}`;
    if (seen.has(place)) return [];
    seen.add(place);
    return [{ rule: id, severity, line: at.line, column: at.column, message, why, fix }];
  });
}

function isIgnored({ rule, line }: Finding, ignores: readonly Ignore[]): boolean {
  return ignores.some(({ ids, lines, reason }) => reason !== '' && ids.includes(rule) && line >= lines.first && line <= lines.last);
}

function byPlace(a: Finding, b: Finding): number {
  return a.line - b.line || a.column - b.column || a.rule.localeCompare(b.rule, 'en', { numeric: true });
}
