/** What the linter found: for people, and as SARIF 2.1.0 for code scanning. */

import { isAbsolute, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { LintResult } from '../../runbook/lint/lint.ts';
import type { Finding, Rule, Severity } from '../../runbook/lint/rule.ts';
import type { Source } from '../../runbook/source.ts';
import { version } from '../invocation.ts';
import { type Color, oneLine, style } from '../output.ts';

export interface LintedFile extends LintResult {
  readonly source: Source;
}

const colors: Readonly<Record<Severity, Color>> = { error: 'red', warning: 'yellow', info: 'cyan' };

export function lintText(files: readonly LintedFile[]): string {
  const shown = files.filter(({ findings }) => findings.length > 0);
  return [
    ...shown.flatMap((file) => [style('bold', file.file), ...file.findings.flatMap((finding) => [findingText(file.source, finding), ''])]),
    summary(files),
  ].join('\n');
}

function findingText({ text }: Source, { rule, severity, line, column, message, why, fix }: Finding): string {
  const written = text.split(/\r?\n/)[line - 1] ?? '';
  // Long lines are shown around the place.
  const from = Math.max(0, Math.min(column - 41, written.length - 100));
  const caret = `${' '.repeat(oneLine(written.slice(from, column - 1)).length)}^`;
  return [
    `${style('dim', `${line}:${column}`)}  ${style(colors[severity], severity)}  ${rule}  ${oneLine(message)}`,
    `    ${oneLine(written.slice(from, from + 100))}`,
    `    ${style(colors[severity], caret)}`,
    `    ${style('dim', 'why')}  ${why}`,
    `    ${style('dim', 'fix')}  ${fix}`,
  ].join('\n');
}

function summary(files: readonly LintedFile[]): string {
  const all = files.flatMap(({ findings }) => findings);
  const count = (severity: Severity) => all.filter((finding) => finding.severity === severity).length;
  const ignored = files.reduce((sum, file) => sum + file.ignored, 0);
  const found = [counted(count('error'), 'error'), counted(count('warning'), 'warning'), counted(count('info'), 'note')].join(', ');
  return `${found} in ${counted(files.length, 'file')}${ignored === 0 ? '' : `; ${ignored} ignored`}`;
}

function counted(count: number, what: string): string {
  return `${count === 0 ? 'no' : count} ${what}${count === 1 ? '' : 's'}`;
}

const levels: Readonly<Record<Severity, string>> = { error: 'error', warning: 'warning', info: 'note' };

/** https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html */
export function sarif(files: readonly LintedFile[], rules: readonly Rule[]): unknown {
  const used = rules.filter(({ id }) => files.some(({ findings }) => findings.some(({ rule }) => rule === id)));
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'quarterdeck', version, rules: used.map(ruleOf) } },
        // Columns of SARIF are counted like ours.
        columnKind: 'utf16CodeUnits',
        artifacts: files.map(({ file }) => ({ location: { uri: uriOf(file) } })),
        results: files.flatMap(({ file, findings }) => findings.map((finding) => resultOf(file, finding, used))),
      },
    ],
  };
}

function ruleOf({ id, name, title, why, fix, severity }: Rule): unknown {
  return {
    id,
    name,
    shortDescription: { text: `${title}.` },
    fullDescription: { text: why },
    help: { text: fix },
    defaultConfiguration: { level: levels[severity] },
  };
}

function resultOf(file: string, { rule, severity, line, column, message }: Finding, used: readonly Rule[]): unknown {
  return {
    ruleId: rule,
    ruleIndex: used.findIndex(({ id }) => id === rule),
    level: levels[severity],
    message: { text: message },
    locations: [{ physicalLocation: { artifactLocation: { uri: uriOf(file) }, region: { startLine: line, startColumn: column } } }],
  };
}

/** Relative ones stay so, for the reader knows where the checkout is. */
function uriOf(file: string): string {
  return isAbsolute(file) ? pathToFileURL(file).href : file.split(sep).map(encodeURIComponent).join('/');
}
