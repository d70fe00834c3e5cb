/** What `doctor` says about one thing that it looked at. */

import type { Judgement } from '../../production/check/result.ts';

export type Level = 'ok' | 'warning' | 'problem';

export interface Finding {
  /** What was looked at, in one or two words. */
  check: string;
  level: Level;
  /** What was found. */
  message: string;
  /** What to do about it; null when there is nothing to do. */
  fix: string | null;
}

export function ok(check: string, message: string): Finding {
  return { check, level: 'ok', message, fix: null };
}

/** It works now, and may not for long, or not as somebody thinks. */
export function warning(check: string, message: string, fix: string): Finding {
  return { check, level: 'warning', message, fix };
}

/** It does not work, or it is not safe. */
export function problem(check: string, message: string, fix: string): Finding {
  return { check, level: 'problem', message, fix };
}

/** What a check judges as well. */
export function findingOf({ what, found, ok: good, next }: Judgement): Finding {
  return good === true ? ok(what, String(found)) : problem(what, String(found), next);
}
