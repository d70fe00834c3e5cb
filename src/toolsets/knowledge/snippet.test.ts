import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { analyse } from './analysis/analyse.ts';
import { snippetLength, snippetOf } from './snippet.ts';

const worthOf = (query: string) => new Map(analyse(query, 'en').map(({ term }) => [term, 1]));
const filler = 'Nothing to see here, only words that fill a page. '.repeat(40);

describe('a snippet', () => {
  test('is the whole text where that is short, with the words of the query marked', () => {
    const { text, highlights } = snippetOf('A lease runs out.\n\nThen the task is free.', 'en', worthOf('leases'));
    expect(text).toBe('A lease runs out. Then the task is free.');
    expect(highlights.map(([start, end]) => text.slice(start, end))).toEqual(['lease']);
  });

  test('is the stretch of a long text with the most different words of the query', () => {
    const long = `${filler}One lease. ${filler}The lease of a claim runs out by the clock. ${filler}lease lease lease lease`;
    const { text, highlights } = snippetOf(long, 'en', worthOf('lease claim clock'));
    expect(text).toContain('The lease of a claim runs out by the clock.');
    expect(text.startsWith('… ') && text.endsWith(' …')).toBe(true);
    expect(highlights.map(([start, end]) => Array.from(text).slice(start, end).join(''))).toEqual(['lease', 'claim', 'clock']);
  });

  test('begins and ends at words, never within a character, and is never much longer than it may be', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('lease', '🙂', '部署', ' ', '\n', 'word', 'clock.'), { maxLength: 400 }), (parts) => {
        const { text, highlights } = snippetOf(parts.join(''), 'en', worthOf('lease clock'));
        expect(text.isWellFormed()).toBe(true);
        expect(text.length).toBeLessThanOrEqual(snippetLength + 10);
        for (const [start, end] of highlights) expect(Array.from(text).slice(start, end).join('')).toMatch(/^\p{L}/u);
      }),
    );
  });

  test('is the beginning where no word of the query stands in the text', () => {
    expect(snippetOf(`Begin. ${filler}`, 'en', worthOf('lease')).text.startsWith('Begin.')).toBe(true);
  });
});
