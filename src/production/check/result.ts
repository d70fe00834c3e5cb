/** What every check answers: what was found beside what was wanted, and one of four outcomes that are never mixed up. */

/** `failed`: it was looked at, and it is not so. `error`: it could not be looked at. `inconclusive`: what was seen is too little to say. */
export type Outcome = 'passed' | 'failed' | 'error' | 'inconclusive';

export type Found = string | number | boolean | null;

export interface Evidence {
  /** What was looked at. */
  readonly what: string;
  readonly found: Found;
  readonly wanted: string;
  /** null: nobody can say. */
  readonly ok: boolean | null;
}

export interface CheckResult {
  readonly check: string;
  readonly outcome: Outcome;
  readonly evidence: readonly Evidence[];
  /** The numbers, for whoever captures them. What could not be measured is undefined, and absent in JSON. */
  readonly measured: Readonly<Record<string, Found | undefined>>;
  /** What to do now; null when it passed. */
  readonly next: string | null;
}

/** One piece of evidence, and what to do when it is not as wanted. */
export interface Judgement extends Evidence {
  readonly next: string;
  /** Why nobody can say, where nobody can. */
  readonly undecided?: 'error' | 'inconclusive';
}

export function judged(what: string, found: Found, wanted: string, ok: boolean, next: string): Judgement {
  return { what, found, wanted, ok, next };
}

/** It could not be looked at: that is not the same as false. */
export function unseen(what: string, why: string, wanted: string, next: string): Judgement {
  return { what, found: why, wanted, ok: null, next, undecided: 'error' };
}

/** What was seen allows neither yes nor no. */
export function inconclusive(what: string, found: Found, wanted: string, next: string): Judgement {
  return { what, found, wanted, ok: null, next, undecided: 'inconclusive' };
}

/** The worst judgement decides: false before unseen before inconclusive. A check that judged nothing has proved nothing. */
export function conclude(check: string, judgements: readonly Judgement[], measured: CheckResult['measured'] = {}): CheckResult {
  const decisive =
    judgements.find(({ ok }) => ok === false) ??
    judgements.find(({ undecided }) => undecided === 'error') ??
    judgements.find(({ ok }) => ok === null);
  const evidence = judgements.map(({ what, found, wanted, ok }) => ({ what, found, wanted, ok }));
  return { check, outcome: outcomeOf(judgements, decisive), evidence, measured, next: nextOf(judgements, decisive) };
}

function outcomeOf(judgements: readonly Judgement[], decisive: Judgement | undefined): Outcome {
  if (judgements.length === 0) return 'error';
  if (decisive === undefined) return 'passed';
  return decisive.ok === false ? 'failed' : (decisive.undecided ?? 'error');
}

function nextOf(judgements: readonly Judgement[], decisive: Judgement | undefined): string | null {
  return judgements.length === 0 ? 'Nothing was looked at: say what to look at.' : (decisive?.next ?? null);
}
