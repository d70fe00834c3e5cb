/** How sure a number of samples makes: exact bounds for percentiles and for rates, without assuming how times are distributed. */

/** One-sided: each bound is wrong at most once in twenty times. With it, 59 samples are the fewest that say anything about a p95 from above. */
export const confidence = 0.95;

/** The probability of at most `k` successes of `n`, each with probability `p`. */
export function binomialCdf(k: number, n: number, p: number): number {
  if (k < 0) return 0;
  if (k >= n || p <= 0) return 1;
  if (p >= 1) return 0;
  let log = n * Math.log1p(-p);
  let total = Math.exp(log);
  const odds = Math.log(p) - Math.log1p(-p);
  for (let i = 0; i < k; i += 1) {
    log += Math.log((n - i) / (i + 1)) + odds;
    total += Math.exp(log);
  }
  return Math.min(1, total);
}

export interface Bounds {
  /** undefined: the samples do not say. */
  readonly low: number | undefined;
  readonly high: number | undefined;
}

/**
 * Between which samples the quantile of all requests lies, each bound with `confidence`: the number of samples below it is binomial, whatever the
 * distribution. `sorted` rises. (Order statistics; for example David and Nagaraja, Order Statistics, 7.1.)
 */
export function quantileBounds(sorted: readonly number[], quantile: number): Bounds {
  const { low, high } = ranks(sorted.length, quantile);
  return { low: sorted[low - 1], high: sorted[high - 1] };
}

/** Counted from 1. Below 1 or above `n`: there is no such sample. */
function ranks(n: number, quantile: number): { low: number; high: number } {
  let [low, high] = [0, n + 1];
  // Halving: the distribution function only rises.
  for (let [from, to] = [1, n]; from <= to;) {
    const middle = (from + to) >> 1;
    if (binomialCdf(middle - 1, n, quantile) >= confidence) [high, to] = [middle, middle - 1];
    else from = middle + 1;
  }
  for (let [from, to] = [1, n]; from <= to;) {
    const middle = (from + to) >> 1;
    if (binomialCdf(middle - 1, n, quantile) <= 1 - confidence) [low, from] = [middle, middle + 1];
    else to = middle - 1;
  }
  return { low, high };
}

/** The fewest samples with which the slowest is an upper bound: 59 for a p95, 299 for a p99. */
export function fewestFor(quantile: number): number {
  return Math.ceil(Math.log(1 - confidence) / Math.log(quantile));
}

/** Of a rate of which `k` of `n` were seen (Clopper and Pearson, 1934). */
export function rateBounds(k: number, n: number): { low: number; high: number } {
  const high = k >= n ? 1 : solve((p) => binomialCdf(k, n, p) > 1 - confidence);
  const low = k <= 0 ? 0 : solve((p) => 1 - binomialCdf(k - 1, n, p) < 1 - confidence);
  return { low, high };
}

/** Far below the width of any bound that some thousand samples give. */
const precision = 1e-7;

/** Where something that holds at 0 ceases to hold. */
function solve(holds: (p: number) => boolean): number {
  let [from, to] = [0, 1];
  while (to - from > precision) {
    const middle = (from + to) / 2;
    if (holds(middle)) from = middle;
    else to = middle;
  }
  return to;
}
