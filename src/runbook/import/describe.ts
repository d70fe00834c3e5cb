/** What a draft has in it, for whoever goes on with it. */

import { openQuestions } from '../mark.ts';
import { parseRunbook } from '../parse/parse.ts';
import type { Source } from '../source.ts';

export interface DraftSummary {
  readonly steps: readonly { readonly name: string; readonly kind: 'check' | 'change'; readonly line: number }[];
  readonly undos: readonly { readonly name: string; readonly line: number }[];
  readonly inputs: readonly {
    readonly name: string;
    readonly secret: boolean;
    readonly values: readonly string[] | null;
    readonly default: string | null;
  }[];
  readonly confirmations: readonly { readonly text: string; readonly line: number }[];
  readonly questions: readonly { readonly text: string; readonly line: number }[];
}

export function describeDraft(source: Source): DraftSummary {
  const { stages, undos, front } = parseRunbook(source);
  const items = stages.flatMap((stage) => stage.items);
  return {
    steps: items.flatMap((item) => (item.type === 'step' ? [{ name: item.name, kind: item.kind, line: item.place.line }] : [])),
    undos: [...undos.values()].map(({ name, place }) => ({ name, line: place.line })),
    inputs: Object.entries(front.inputs).map(([name, input]) => ({
      name,
      secret: input.secret,
      values: input.enum ?? null,
      default: input.default ?? null,
    })),
    confirmations: items.flatMap((item) => (item.type === 'confirmation' ? [{ text: item.text, line: item.place.line }] : [])),
    questions: openQuestions(source.text).map(({ text, line }) => ({ text, line })),
  };
}
