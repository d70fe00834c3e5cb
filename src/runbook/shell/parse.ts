/** Reads a shell script. Every text gives a script: what cannot be read is among its faults, and what can be is there. */

import {
  type AndOr,
  type Assignment as TreeAssignment,
  type CommandNode,
  type CompoundList,
  type ParsedScript,
  type Pipeline,
  type Redirection as TreeRedirection,
  type Command as SimpleCommand,
  type Statement,
  type SyntaxNode,
  forEachChild,
  parse,
} from 'unbash';
import { commentsOf } from './comments.ts';
import type { Assignment, Enclosure, Redirection, ShellCommand, ShellScript, SyntaxFault } from './types.ts';
import { readWord, spanOf } from './words.ts';

/** A script in a document is shorter by far. Deep nesting takes the parser time that grows with the square of the length. */
const mostCharacters = 65_536;

export function parseShell(text: string): ShellScript {
  if (text.length > mostCharacters) {
    const message = `a script of more than ${mostCharacters} characters is not read`;
    return { text, commands: [], functions: [], loopNames: [], comments: [], statements: [], faults: [{ message, offset: 0 }] };
  }
  const tree = parse(text);
  const reader = new Reader(text.length);
  reader.script(tree, []);
  const { commands, functions, loopNames, faults } = reader;
  const statements = tree.commands.map((statement) => {
    const { start, end } = spanOf(statement, text.length);
    return { start, end: Math.min(Math.max(end, hereDocumentsEnd(statement)), text.length) };
  });
  return { text, commands, functions, loopNames, faults, statements, comments: commentsOf(text, tree) };
}

/** The text of a here-document stands after the line of its command. */
function hereDocumentsEnd(node: SyntaxNode): number {
  if (node.type === 'HereDoc') return node.body.end;
  let end = 0;
  forEachChild(node, (child) => void (end = Math.max(end, hereDocumentsEnd(child))));
  return end;
}

/** Where a command stands. */
interface Setting {
  readonly inside: readonly Enclosure[];
  readonly pipeline: ShellCommand[];
  readonly negated: boolean;
  readonly before: '&&' | '||' | undefined;
  readonly after: '&&' | '||' | undefined;
  readonly background: boolean;
}

class Reader {
  readonly commands: ShellCommand[] = [];
  readonly functions: string[] = [];
  readonly loopNames: string[] = [];
  readonly faults: SyntaxFault[] = [];
  private readonly length: number;

  constructor(length: number) {
    this.length = length;
  }

  script(script: ParsedScript, inside: readonly Enclosure[]): void {
    this.faults.push(...(script.errors ?? []).map(({ message, pos }) => ({ message, offset: Math.min(pos, this.length) })));
    for (const statement of script.commands) this.statement(statement, inside, undefined);
  }

  private statement({ command, background }: Statement, inside: readonly Enclosure[], outer: ShellCommand[] | undefined): void {
    const members = command.type === 'AndOr' ? command.commands : [command];
    const operators: AndOr['operators'] = command.type === 'AndOr' ? command.operators : [];
    for (const [index, member] of members.entries()) {
      const around = { before: operators[index - 1], after: operators[index], background: background === true };
      this.pipeline(member, inside, around, outer);
    }
  }

  private pipeline(
    node: Pipeline | CommandNode,
    inside: readonly Enclosure[],
    around: Pick<Setting, 'before' | 'after' | 'background'>,
    outer: ShellCommand[] | undefined,
  ): void {
    const members = node.type === 'Pipeline' ? node.commands : [node];
    const negated = node.type === 'Pipeline' && node.prefixes.some(({ type }) => type === 'Negation');
    // What stands in a group of a pipeline reads from and writes to that pipeline.
    const pipeline = members.length === 1 && outer !== undefined ? outer : [];
    for (const member of members) this.command(member, { ...around, inside, negated, pipeline });
  }

  private command(node: CommandNode, setting: Setting): void {
    if (node.type === 'Command') return this.simple(node, setting);
    if (node.type === 'Redirected') {
      this.substitutions(node.redirects, setting.inside);
      return this.command(node.command, setting);
    }
    if (node.type === 'Function') this.functions.push(node.name.value);
    if (node.type === 'For' || node.type === 'Select') this.loopNames.push(node.name.value);
    this.lists(node, setting);
  }

  /** The commands of everything that holds commands. */
  private lists(node: Exclude<CommandNode, { type: 'Command' | 'Redirected' }>, { inside, pipeline }: Setting): void {
    const enclosure = enclosures[node.type];
    const within = enclosure === undefined ? inside : [...inside, enclosure];
    const clause = node.type === 'If' || node.type === 'While' ? node.clause : undefined;
    forEachChild(node, (child) => {
      if (child.type === 'CompoundList') this.list(child, child === clause ? [...within, 'condition'] : within, pipeline);
      else if (child.type === 'Elif') {
        this.list(child.clause, [...within, 'condition'], pipeline);
        this.list(child.then, within, pipeline);
      } else if (child.type === 'CaseItem') this.list(child.body, within, pipeline);
      else if (child.type === 'Redirected') this.command(child.command, { ...plain, inside: within, pipeline });
      else if (isCommand(child)) this.command(child, { ...plain, inside: within, pipeline });
      else this.substitutions([child], inside);
    });
  }

  private list(list: CompoundList, inside: readonly Enclosure[], outer: ShellCommand[]): void {
    for (const statement of list.commands) this.statement(statement, inside, outer);
  }

  private simple(node: SimpleCommand, setting: Setting): void {
    const words = node.args.flatMap((each) => (each.type === 'Word' ? [readWord(each, this.length)] : [asWord(each, this.length)]));
    const prefix = node.prefix.filter((each) => each.type === 'Assignment');
    const command: ShellCommand = {
      ...setting,
      ...spanOf(node, this.length),
      words: node.name === undefined ? words : [readWord(node.name, this.length), ...words],
      assignments: [...prefix, ...node.args.filter((each) => each.type === 'Assignment')].map((each) => readAssignment(each, this.length)),
      redirections: node.redirects.map((each) => readRedirection(each, this.length)),
    };
    this.commands.push(command);
    setting.pipeline.push(command);
    this.substitutions([...(node.name === undefined ? [] : [node.name]), ...node.prefix, ...node.suffix], setting.inside);
  }

  private substitutions(nodes: readonly SyntaxNode[], inside: readonly Enclosure[]): void {
    for (const node of nodes)
      // Backticks within backticks have a text of their own, whose places are not those of the script.
      if (node.type === 'Script') {
        if (node.source === undefined) this.script(node, [...inside, 'substitution']);
      } else forEachChild(node, (child) => this.substitutions([child], inside));
  }
}

const plain = { negated: false, before: undefined, after: undefined, background: false } as const;

const enclosures: Readonly<Record<string, Enclosure>> = {
  Subshell: 'subshell',
  BraceGroup: 'group',
  Function: 'function',
  If: 'if',
  For: 'loop',
  ArithmeticFor: 'loop',
  Select: 'loop',
  While: 'loop',
  Case: 'case',
};

function isCommand(node: SyntaxNode): node is Exclude<CommandNode, { type: 'Redirected' }> {
  return node.type === 'Command' || node.type === 'Coproc' || node.type === 'Function' || node.type in enclosures;
}

/** `export A=b`: an argument of the command, and an assignment. */
function asWord(node: TreeAssignment, length: number): ReturnType<typeof readWord> {
  const value = node.value.type === 'Word' ? readWord(node.value, length) : undefined;
  const whole = value?.value === undefined ? undefined : `${node.name}=${value.value}`;
  return {
    ...spanOf(node, length),
    text: node.text,
    value: whole,
    quoted: value?.quoted ?? false,
    parts: [{ kind: 'text', text: `${node.name}=` }, ...(value?.parts ?? [{ kind: 'unknown' }])],
    variables: value?.variables ?? [],
  };
}

function readAssignment(node: TreeAssignment, length: number): Assignment {
  const { name, value } = node;
  return { ...spanOf(node, length), name, value: value.type === 'Word' ? readWord(value, length) : undefined };
}

function readRedirection(node: TreeRedirection, length: number): Redirection {
  return {
    ...spanOf(node, length),
    operator: node.operator,
    descriptor: node.descriptor?.type === 'FileDescriptor' ? node.descriptor.value : undefined,
    target: node.type === 'HereDoc' || node.target === undefined ? undefined : readWord(node.target, length),
    body: node.type === 'HereDoc' ? node.body.text : undefined,
  };
}
