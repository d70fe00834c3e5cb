/** `quarterdeck doctor`: a look at everything that a server stands on, and what to do about what is wrong. */

import { CliCommand } from './command.ts';
import { examine } from './doctor/examine.ts';
import type { Finding, Level } from './doctor/finding.ts';
import { type Color, print, style } from './output.ts';
import { type PlaceOptions, noUrlOption, refuseUrl } from './place.ts';
import { serverOptions } from './settings.ts';

export function doctorCommand(): CliCommand {
  const command = new CliCommand('doctor', {
    summary: 'Look at everything and say what is wrong, with its fix. Changes nothing.',
    details: 'Works while a server runs on the data and while none does. The exit status is 1 when there is a problem.',
    example: 'quarterdeck doctor',
  });
  for (const option of serverOptions()) command.addOption(option);
  return command.addOption(noUrlOption()).action(async (options: PlaceOptions) => {
    refuseUrl(options, 'it looks at files and the database. From outside, GET /health tells how a server is.');
    const findings = await examine(options);
    const problems = findings.filter(({ level }) => level === 'problem').length;
    const warnings = findings.filter(({ level }) => level === 'warning').length;
    print(options.json, { findings, problems, warnings }, () => report(findings, problems, warnings));
    if (problems > 0) process.exitCode = 1;
  });
}

const colors: Readonly<Record<Level, Color>> = { ok: 'green', warning: 'yellow', problem: 'red' };

function report(findings: readonly Finding[], problems: number, warnings: number): string {
  const left = Math.max(...findings.map(({ check }) => check.length));
  const lines = findings.flatMap(({ check, level, message, fix }) => {
    const line = `${style(colors[level], level.padEnd(7))}  ${check.padEnd(left)}  ${message}`;
    return fix === null ? [line] : [line, `${' '.repeat(9 + left + 2)}→ ${fix}`];
  });
  return [...lines, '', `${counted(problems, 'problem')}, ${counted(warnings, 'warning')}`].join('\n');
}

function counted(count: number, what: string): string {
  return `${count === 0 ? 'no' : count} ${what}${count === 1 ? '' : 's'}`;
}
