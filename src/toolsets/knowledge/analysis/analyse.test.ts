import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { analyse, eachTerm } from './analyse.ts';
import { type Language, detectLanguage, languages } from './languages.ts';

const terms = (text: string, language: Language = 'en') => analyse(text, language).map(({ term }) => term);

describe('words', () => {
  test('are reduced to their stems, in the language of the text', () => {
    expect(terms('Claimed leases, claiming a lease')).toEqual(['claim', 'leas', 'claim', 'leas']);
    expect(terms('Die Häuser und das Haus', 'de')).toEqual(['haus', 'haus']);
    expect(terms('les chevaux mangés', 'fr')).toEqual(['cheval', 'mang']);
  });

  test('of a language that is not known are taken as they are written', () => {
    expect(terms('Kubernetes pods are running', 'any')).toEqual(['kubernetes', 'pods', 'are', 'running']);
  });

  test('that say nothing alone are left out', () => {
    expect(terms("It's what you don't know about the queue")).toEqual(['know', 'queue']);
  });

  test('are the same with and without accents, in either form of Unicode, and in full width', () => {
    expect(terms('café CAFÉ cafe\u0301 cafe ｃａｆｅ', 'any')).toEqual(['cafe', 'cafe', 'cafe', 'cafe', 'cafe']);
  });

  test('keep the marks that are letters in other scripts', () => {
    expect(terms('हिन्दी', 'any')).toEqual(['हिन्दी']);
    expect(terms('й', 'any')).toEqual(['й']);
  });

  test('lose what is elided or hung on with an apostrophe', () => {
    expect(terms("the runner's log, O'Brien", 'en')).toEqual(['runner', 'log', 'brien']);
    expect(terms('l’avion d’hier', 'fr')).toEqual(['avion', 'hi']);
  });

  test('of code are found whole and by their parts', () => {
    expect(terms('createTask create_task', 'any')).toEqual(['createtask', 'create', 'task', 'create', 'task']);
    expect(terms('PostgreSQL v1.2.3 --dry-run', 'any')).toEqual(['postgresql', 'postgre', 'sql', 'v1', '2', '3', 'dry', 'run']);
  });

  test('without spaces between them are found by characters and pairs, or by a dictionary', () => {
    expect(terms('部署服务', 'any')).toEqual(['部', '署', '部署', '服', '署服', '务', '服务']);
    expect(terms('v2を使う', 'any')).toEqual(['v2', 'を', '使', 'を使', 'う', '使う']);
    expect(terms('สวัสดีชาวโลก', 'any').length).toBeGreaterThan(1);
  });

  test('that are endless are cut', () => {
    expect(terms('x'.repeat(10_000), 'any')).toEqual(['x'.repeat(64)]);
  });
});

describe('tokens', () => {
  test('stand where they say, in their order, in every text and language', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), fc.constantFrom(...languages), (text, language) => {
        let before = 0;
        for (const { term, start, end } of analyse(text, language)) {
          expect(term).not.toBe('');
          expect(end).toBeGreaterThan(start);
          expect(end).toBeLessThanOrEqual(text.length);
          expect(text.slice(start, end).trim()).toBe(text.slice(start, end));
          expect(end).toBeGreaterThan(before);
          before = start;
        }
      }),
    );
  });

  test('of a query are those of the text that it was taken from', () => {
    const text = 'The second replica renews its lease every ten seconds.';
    expect(terms(text)).toEqual(expect.arrayContaining(terms('renewing leases of replicas')));
  });

  test('that are wanted are found where they stand, whichever words are passed over', () => {
    const words = fc.oneof(
      fc.string({ unit: fc.constantFrom(...'abcdeijlmnorstuyzAIQT09'.split('')), minLength: 1, maxLength: 9 }),
      fc.constantFrom('createTask', "l'avion", 'été', 'İstanbul', 'dying', 'ijs', 'Über', '部署', 'ﬁne'),
    );
    fc.assert(
      fc.property(fc.constantFrom(...languages), fc.array(words, { maxLength: 12 }), fc.array(fc.nat(20)), (language, text, picked) => {
        const all = analyse(text.join(' '), language);
        const wanted = new Set(picked.flatMap((place) => all[place]?.term ?? []));
        const found: { term: string; start: number; end: number }[] = [];
        const visit = (term: string, start: number, end: number) => void found.push({ term, start, end });
        eachTerm(text.join(' '), language, visit, wanted);
        expect(found.filter(({ term }) => wanted.has(term))).toEqual(all.filter(({ term }) => wanted.has(term)));
      }),
      { numRuns: 5_000 },
    );
  });

  test('of a megabyte take no more than a moment for each kilobyte', () => {
    const text = 'Runbooks resume after crashes, and leases run out. '.repeat(20_000);
    expect(analyse(text, 'en').length).toBe(100_000);
    expect(analyse('\u0301'.repeat(500_000), 'en')).toEqual([]);
    expect(analyse("a'".repeat(250_000), 'en')).toEqual([]);
  });
});

describe('the language of a text', () => {
  test('is found where there is enough of it', () => {
    expect(detectLanguage('Wer eine Aufgabe übernimmt, hält sie so lange, wie sein Anspruch gilt, und nicht länger.', 'en')).toBe('de');
    expect(detectLanguage('Whoever claims a task holds it for as long as the lease lasts, and no longer than that.', 'de')).toBe('en');
  });

  test('is the one that is expected where there is too little of it', () => {
    expect(detectLanguage('test message', 'de')).toBe('de');
    expect(detectLanguage('', 'en')).toBe('en');
  });

  test('is none of ours where it is another', () => {
    expect(detectLanguage('我们需要部署服务器并且验证备份是否可以恢复。'.repeat(10), 'en')).toBe('any');
  });
});
