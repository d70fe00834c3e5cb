/** How a command is declared: what it does, an example that works, `--json`, and wrong usage as an error of its own. */

import { styleText } from 'node:util';
import { Command, type CommanderError } from 'commander';
import { invocation } from './invocation.ts';

export interface CommandText {
  /** One line for the list of commands. */
  summary: string;
  /** More, where one line is not enough. Paragraphs are separated by an empty line. */
  details?: string;
  /** A command line that works as it stands. A group has none: its commands do. */
  example?: string;
}

/** What the person typed cannot be run; the exit status is 2. */
export class UsageError extends Error {
  readonly next: string;
  /** Where the mistake was noticed; undefined: in the command that ran. */
  readonly command: Command | undefined;

  constructor(message: string, next: string, command?: Command) {
    super(message);
    this.name = 'UsageError';
    this.next = next;
    this.command = command;
  }
}

export class CliCommand extends Command {
  readonly text: CommandText;

  constructor(name: string, text: CommandText) {
    super(name);
    this.text = text;
    this.summary(text.summary);
    this.description(text.details === undefined ? text.summary : `${text.summary}\n\n${text.details}`);
    this.configureOutput({ outputError: () => undefined });
    this.configureHelp({ styleTitle: (title) => styleText('bold', title, { validateStream: false }) });
    this.helpOption('-h, --help', 'Show this help.');
    this.exitOverride((error) => {
      throw error.exitCode === 0 ? error : usageErrorOf(this, error);
    });
    if (text.example === undefined) return;
    this.option('--json', 'Print one JSON object, for programs.');
    this.addHelpText('after', `\nExample:\n  ${exampleAsTyped(text.example)}`);
  }
}

/** The words that name a command: `quarterdeck key create`. */
export function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

/** The example as it works where this program is: in a checkout, `quarterdeck` is on nobody's path. */
export function exampleAsTyped(example: string): string {
  return example.replaceAll(/(^|\| )quarterdeck /g, `$1${invocation} `);
}

function usageErrorOf(command: Command, error: CommanderError): UsageError {
  const next = `Run \`${pathOf(command)} --help\`.`;
  // A group without a command: its help was printed already.
  if (error.code === 'commander.help') return new UsageError('A command is missing.', next, command);
  const [first = '', suggestion] = error.message.replace(/^error: /, '').split('\n');
  const what = first.replace(/\.$/, '');
  return new UsageError(`${what}.`, suggestion === undefined ? next : `${suggestion.replace(/^\(|\)$/g, '')} ${next}`, command);
}
