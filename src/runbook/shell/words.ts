/** Words of the parser's tree as words of ours. */

import { type SyntaxNode, type Word, type WordPart as TreePart, forEachChild } from 'unbash';
import type { ShellWord, Span, Variable, WordPart } from './types.ts';

/** The parser may count past the end of an unfinished script; `length` is that of the script. */
export function spanOf({ pos, end }: { readonly pos: number; readonly end: number }, length: number): Span {
  return { start: Math.min(pos, length), end: Math.min(end, length) };
}

export function readWord(word: Word, length: number): ShellWord {
  const parts = word.parts === undefined ? [textPart(word.value)] : word.parts.flatMap((part) => readPart(part, false));
  return {
    ...spanOf(word, length),
    text: word.text,
    value: parts.every((part) => part.kind === 'text') ? parts.map(({ text }) => text).join('') : undefined,
    quoted: word.parts?.some(({ type }) => quotes.has(type)) ?? false,
    parts,
    variables: (word.parts ?? []).flatMap((part) => variablesOf(part, false)),
  };
}

const quotes: ReadonlySet<TreePart['type']> = new Set(['SingleQuoted', 'DoubleQuoted', 'AnsiCQuoted', 'LocaleString']);

function textPart(text: string): WordPart & { kind: 'text' } {
  return { kind: 'text', text };
}

function readPart(part: TreePart, quoted: boolean): WordPart[] {
  switch (part.type) {
    case 'Literal':
    case 'SingleQuoted':
    case 'AnsiCQuoted':
      return [textPart(part.value)];
    // Names of files and lists of alternatives are shown as they are written.
    case 'Glob':
    case 'ExtendedGlob':
    case 'BraceExpansion':
      return [textPart(part.text)];
    case 'DoubleQuoted':
    case 'LocaleString':
      return part.parts.flatMap((inner) => readPart(inner, true));
    case 'SimpleExpansion':
    case 'ParameterExpansion': {
      const variable = readVariable(part, quoted);
      const plain = variable !== undefined && (part.type === 'SimpleExpansion' || part.operation === undefined || variable.guarded);
      return [plain ? { kind: 'variable', variable } : { kind: 'unknown' }];
    }
    case 'CommandExpansion':
    case 'ArithmeticExpansion':
    case 'ProcessSubstitution':
      return [{ kind: 'unknown' }];
  }
}

type Expansion = TreePart & { type: 'SimpleExpansion' | 'ParameterExpansion' };

/** Undefined for `$1`, `$?` and the like, which are no names. */
function readVariable(part: Expansion, quoted: boolean): Variable | undefined {
  const name = part.type === 'SimpleExpansion' ? part.text.slice(1) : part.parameter;
  if (!/^[A-Za-z_]\w*$/.test(name)) return undefined;
  const guarded = part.type === 'ParameterExpansion' && part.operation?.type === 'Default';
  return { name, quoted, guarded, start: part.pos, end: part.end };
}

/** Commands in substitutions are commands of the script: their variables are theirs. */
function variablesOf(node: SyntaxNode, quoted: boolean): Variable[] {
  if (node.type === 'CommandExpansion' || node.type === 'ProcessSubstitution') return [];
  const own = node.type === 'SimpleExpansion' || node.type === 'ParameterExpansion' ? readVariable(node, quoted) : undefined;
  const found = own === undefined ? [] : [own];
  const inner = quoted || node.type === 'DoubleQuoted' || node.type === 'LocaleString';
  forEachChild(node, (child) => void found.push(...variablesOf(child, inner)));
  return found;
}
