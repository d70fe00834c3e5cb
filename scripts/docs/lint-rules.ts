/** The reference of the linter, from its rules. */

import type { Rule } from '../../src/runbook/lint/rule.ts';
import { rules } from '../../src/runbook/lint/rules.ts';
import { generatedNote, table } from './page.ts';

export function renderLintRules(): string {
  return `${generatedNote}

# Rules of the linter

\`quarterdeck runbook lint FILE…\` reads any Markdown: the commands of its shell blocks as a shell does, commands that list items name, and prose. Rules judge what a command is,
not what it looks like: a variable whose value the document tells is resolved, and what \`sudo\`, \`ssh\` or \`kubectl exec\` run is judged too.

An **error** makes the exit status 1: run as it stands, the step fails, harms, or passes where it should not. A **warning** is a hazard that depends on where it runs. An **info** is advice.

\`<!-- lint-ignore R07: reason -->\` on lines of its own silences that rule for the block after it; within a line, for that line. Without a reason it silences nothing, and is a
finding itself. What is silenced is counted.

${table(
  ['rule', 'level', 'what it finds'],
  rules.map(({ id, name, severity, title }) => [`[${id}](#${anchorOf(id, name)})`, severity, title]),
)}

${rules.map(section).join('\n\n')}
`;
}

/** As GitHub and most other renderers make one from a heading. */
function anchorOf(id: string, name: string): string {
  return `${id}-${name}`.toLowerCase();
}

function section({ id, name, severity, title, why, fix, bad, good }: Rule): string {
  return [`## ${id} ${name}`, `**${severity}**: ${title}. ${why}`, fix, 'Found:', fenced(bad), 'Not found:', fenced(good)].join('\n\n');
}

/** An example with its own fences, or only the script where it is nothing else. */
function fenced(example: string): string {
  const only = /^```\w+\n((?:(?!```)[\s\S])*)```\n$/.exec(example);
  return only === null ? `\`\`\`\`markdown\n${example.trimEnd()}\n\`\`\`\`` : example.trimEnd();
}
