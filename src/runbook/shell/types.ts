/** What a shell script is to those who judge one: its commands in order, each with what it is part of. Offsets are UTF-16 units from 0. */

export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A piece of a word, in order. `unknown` is what only a shell can tell: a substitution, arithmetic, a variable changed on its way. */
export type WordPart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'variable'; readonly variable: Variable }
  | { readonly kind: 'unknown' };

export interface Variable extends Span {
  readonly name: string;
  /** In double quotes, where it is not split and not matched against files. */
  readonly quoted: boolean;
  /** Written with a value, or a message, for when it is not set: `${A:-b}`, `${A:?say so}`. */
  readonly guarded: boolean;
}

export interface ShellWord extends Span {
  /** As it is written, quotes and all. */
  readonly text: string;
  /** What the command gets; undefined where only a shell can tell. */
  readonly value: string | undefined;
  /** True when any of it is in quotes. */
  readonly quoted: boolean;
  readonly parts: readonly WordPart[];
  /** Every variable in it, also those that the parts hold as `unknown`. */
  readonly variables: readonly Variable[];
}

export interface Assignment extends Span {
  readonly name: string;
  /** Undefined for a list: `A=(b c)`. */
  readonly value: ShellWord | undefined;
}

export interface Redirection extends Span {
  /** `<`, `>`, `>>`, `<<`, `<<<`, `2>&1` without its numbers, and so on. */
  readonly operator: string;
  /** The number before the operator; undefined: the usual one. */
  readonly descriptor: number | undefined;
  readonly target: ShellWord | undefined;
  /** The text of a here-document. */
  readonly body: string | undefined;
}

export type Enclosure = 'subshell' | 'group' | 'function' | 'if' | 'condition' | 'loop' | 'case' | 'substitution';

export interface ShellCommand extends Span {
  /** The command and its arguments; empty for assignments alone. */
  readonly words: readonly ShellWord[];
  readonly assignments: readonly Assignment[];
  readonly redirections: readonly Redirection[];
  /** All commands of its pipeline, itself among them, in order. One alone is a pipeline of one. A group counts with its commands. */
  readonly pipeline: readonly ShellCommand[];
  /** True in `! command`. */
  readonly negated: boolean;
  /** What stands between it and the command before or after in its list; undefined: a line end, `;` or `&`. */
  readonly before: '&&' | '||' | undefined;
  readonly after: '&&' | '||' | undefined;
  readonly background: boolean;
  /** From the outermost in. */
  readonly inside: readonly Enclosure[];
}

export interface Comment extends Span {
  /** Without the `#` and the blanks around it. */
  readonly text: string;
}

export interface SyntaxFault {
  readonly message: string;
  readonly offset: number;
}

export interface ShellScript {
  readonly text: string;
  /** In the order of the text; those of substitutions stand right after the command that has them. */
  readonly commands: readonly ShellCommand[];
  readonly comments: readonly Comment[];
  /** What stands at the top, a loop or an `a && b` as one; with the text of its here-documents, whose last line comes after. */
  readonly statements: readonly Span[];
  readonly functions: readonly string[];
  /** What loops set: `for NAME in …`. */
  readonly loopNames: readonly string[];
  readonly faults: readonly SyntaxFault[];
}
