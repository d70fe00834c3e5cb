/** The reference of the command line, from the commands themselves. */

import { type Command, Help } from 'commander';
import { CliCommand, pathOf } from '../../src/cli/command.ts';
import { createProgram } from '../../src/cli/program.ts';
import { generatedNote, table } from './page.ts';

export function renderCliReference(): string {
  const commands = commandsOf(createProgram());
  return `${generatedNote}

# Command line

In a checkout, \`npx --no-install quarterdeck COMMAND\`; where the package is installed, \`quarterdeck COMMAND\`. \`--help\` after any command shows what is here.

A command works on the data of this machine: on the folder that \`--data\` names, through the server that has it open where one runs, or on PostgreSQL where
\`DATABASE_URL\` is set. With \`--url\` and a credential in \`QUARTERDECK_TOKEN\`, the commands that have it ask a remote server.

With \`--json\`, a command prints one JSON object on standard output, and its error as \`{"error":{"code","message","next","details"}}\` on standard error. Without
it an error is one line: the command, what failed and why, what to do.

| exit status | means                                       |
| ----------- | ------------------------------------------- |
| 0           | done                                        |
| 1           | failed; for \`doctor\`, there is a problem    |
| 2           | wrong usage, a wrong setting or wrong input |

${table(
  ['command', 'does'],
  commands.map((command) => [`[\`${pathOf(command)}\`](#${anchorOf(command)})`, command.summary()]),
)}

${commands.map(section).join('\n\n')}
`;
}

/** What can be run; groups only lead there. */
function commandsOf(command: Command): CliCommand[] {
  const inner = command.commands.filter((each) => each instanceof CliCommand);
  return inner.length === 0 && command instanceof CliCommand ? [command] : inner.flatMap(commandsOf);
}

/** As GitHub and most other renderers make one from a heading. */
function anchorOf(command: Command): string {
  return pathOf(command).replaceAll(' ', '-');
}

function section(command: CliCommand): string {
  const help = new Help();
  const options = help.visibleOptions(command).filter(({ long }) => long !== '--help');
  const words = [
    ...help.visibleArguments(command).map((each) => [`\`${help.argumentTerm(each)}\``, help.argumentDescription(each)]),
    ...options.map((each) => [`\`${help.optionTerm(each)}\``, `${help.optionDescription(each)}${each.mandatory ? ' Required.' : ''}`]),
  ];
  return [
    `## ${pathOf(command)}`,
    command.description(),
    `\`\`\`sh\n${command.text.example ?? ''}\n\`\`\``,
    table(['option', 'what it does'], words),
  ].join('\n\n');
}
