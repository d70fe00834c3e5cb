/** The languages whose words are reduced to their stems, and which of them a text is written in. */

import { stemmer as arabic } from '@orama/stemmers/arabic';
import { stemmer as danish } from '@orama/stemmers/danish';
import { stemmer as dutch } from '@orama/stemmers/dutch';
import { stemmer as english } from '@orama/stemmers/english';
import { stemmer as finnish } from '@orama/stemmers/finnish';
import { stemmer as french } from '@orama/stemmers/french';
import { stemmer as german } from '@orama/stemmers/german';
import { stemmer as greek } from '@orama/stemmers/greek';
import { stemmer as hungarian } from '@orama/stemmers/hungarian';
import { stemmer as italian } from '@orama/stemmers/italian';
import { stemmer as norwegian } from '@orama/stemmers/norwegian';
import { stemmer as portuguese } from '@orama/stemmers/portuguese';
import { stemmer as romanian } from '@orama/stemmers/romanian';
import { stemmer as russian } from '@orama/stemmers/russian';
import { stemmer as spanish } from '@orama/stemmers/spanish';
import { stemmer as swedish } from '@orama/stemmers/swedish';
import { stemmer as turkish } from '@orama/stemmers/turkish';
import { stemmer as ukrainian } from '@orama/stemmers/ukrainian';
import { stopwords as arabicStops } from '@orama/stopwords/arabic';
import { stopwords as danishStops } from '@orama/stopwords/danish';
import { stopwords as dutchStops } from '@orama/stopwords/dutch';
import { stopwords as englishStops } from '@orama/stopwords/english';
import { stopwords as finnishStops } from '@orama/stopwords/finnish';
import { stopwords as frenchStops } from '@orama/stopwords/french';
import { stopwords as germanStops } from '@orama/stopwords/german';
import { stopwords as greekStops } from '@orama/stopwords/greek';
import { stopwords as hungarianStops } from '@orama/stopwords/hungarian';
import { stopwords as italianStops } from '@orama/stopwords/italian';
import { stopwords as norwegianStops } from '@orama/stopwords/norwegian';
import { stopwords as portugueseStops } from '@orama/stopwords/portuguese';
import { stopwords as romanianStops } from '@orama/stopwords/romanian';
import { stopwords as russianStops } from '@orama/stopwords/russian';
import { stopwords as spanishStops } from '@orama/stopwords/spanish';
import { stopwords as swedishStops } from '@orama/stopwords/swedish';
import { stopwords as turkishStops } from '@orama/stopwords/turkish';
import { stopwords as ukrainianStops } from '@orama/stopwords/ukrainian';
import { franc } from 'franc-min';

/** What is known of a language: how a word is reduced to its stem, and which words say nothing alone. */
export interface Grammar {
  stem(word: string): string;
  stops: ReadonlySet<string>;
}

const known = {
  ar: grammar(arabic, arabicStops),
  da: grammar(danish, danishStops),
  de: grammar(german, germanStops),
  el: grammar(greek, greekStops),
  en: grammar(english, ['a', ...englishStops]),
  es: grammar(spanish, spanishStops),
  fi: grammar(finnish, finnishStops),
  fr: grammar(french, frenchStops),
  hu: grammar(hungarian, hungarianStops),
  it: grammar(italian, italianStops),
  nl: grammar(dutch, dutchStops),
  no: grammar(norwegian, norwegianStops),
  pt: grammar(portuguese, portugueseStops),
  ro: grammar(romanian, romanianStops),
  ru: grammar(russian, russianStops),
  sv: grammar(swedish, swedishStops),
  tr: grammar(turkish, turkishStops),
  uk: grammar(ukrainian, ukrainianStops),
};

/** ISO 639-1 code, or `any`: words are taken as they are written. */
export type Language = keyof typeof known | 'any';

export const languages = [...(Object.keys(known) as (keyof typeof known)[]), 'any'] as const satisfies readonly Language[];

const asWritten: Grammar = { stem: (word) => word, stops: new Set() };

export function grammarOf(language: Language): Grammar {
  return language === 'any' ? asWritten : known[language];
}

function grammar(stem: (word: string) => string, stops: readonly string[]): Grammar {
  return { stem, stops: new Set(stops) };
}

/** ISO 639-3, which the detector speaks, of the languages that we know. */
const detectable: Readonly<Record<string, Language>> = {
  arb: 'ar',
  dan: 'da',
  deu: 'de',
  ell: 'el',
  eng: 'en',
  spa: 'es',
  fin: 'fi',
  fra: 'fr',
  hun: 'hu',
  ita: 'it',
  nld: 'nl',
  nob: 'no',
  por: 'pt',
  ron: 'ro',
  rus: 'ru',
  swe: 'sv',
  tur: 'tr',
  ukr: 'uk',
};

/** Letters below which a guess is worth little, and above which more of them change nothing. */
const leastLetters = 60;
const enoughLetters = 4_000;

/** The language of a text; `fallback` where it is too short to say, `any` where its language is not one that we know. */
export function detectLanguage(text: string, fallback: Language): Language {
  const sample = text.slice(0, enoughLetters);
  if ((sample.match(/\p{L}/gu)?.length ?? 0) < leastLetters) return fallback;
  const found = franc(sample);
  return found === 'und' ? fallback : (detectable[found] ?? 'any');
}
