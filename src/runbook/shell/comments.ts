/** The comments of a script: what begins with `#` where the tree of the parser has nothing. */

import { type SyntaxNode, forEachChild } from 'unbash';
import type { Comment, Span } from './types.ts';

export function commentsOf(text: string, tree: SyntaxNode): Comment[] {
  const taken = leavesOf(tree).sort((a, b) => a.start - b.start);
  const comments: Comment[] = [];
  let next = 0;
  for (const { 0: found, index } of text.matchAll(/(?<![^\s;&|()])#.*/g)) {
    while (next < taken.length && (taken[next]?.end ?? 0) <= index) next += 1;
    const leaf = taken[next];
    if (leaf !== undefined && leaf.start <= index) continue;
    const previous = comments.at(-1);
    if (previous !== undefined && previous.end > index) continue;
    comments.push({ text: found.replace(/^#+/, '').trim(), start: index, end: index + found.trimEnd().length });
  }
  return comments;
}

/** What stands for itself: a `#` within is no comment. */
function leavesOf(node: SyntaxNode, leaves: Span[] = []): Span[] {
  if (node.type === 'HereDoc') leaves.push({ start: node.body.pos, end: node.body.end });
  if (opaque.has(node.type)) leaves.push({ start: node.pos, end: node.end });
  else forEachChild(node, (child) => void leavesOf(child, leaves));
  return leaves;
}

const opaque: ReadonlySet<SyntaxNode['type']> = new Set<SyntaxNode['type']>(['Word', 'Assignment', 'ArithmeticCommand', 'TestCommand']);
