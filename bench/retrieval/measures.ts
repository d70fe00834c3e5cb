/** How good a ranking is, by the usual measures with binary relevance; each is the mean over all queries that have an answer. */

export interface Quality {
  'nDCG@10': number;
  MAP: number;
  'Recall@100': number;
  'P@10': number;
}

export const measureNames = ['nDCG@10', 'MAP', 'Recall@100', 'P@10'] as const;

/** Of one query: `ranking` holds ids, best first, each once. */
export function qualityOf(ranking: readonly string[], relevant: ReadonlySet<string>): Quality {
  const gains = ranking.map((id) => (relevant.has(id) ? 1 : 0));
  const hits = (depth: number) => gains.slice(0, depth).reduce<number>((sum, gain) => sum + gain, 0);
  const ideal = discounted(Array.from({ length: Math.min(10, relevant.size) }, () => 1));
  let found = 0;
  let precisions = 0;
  for (const [place, gain] of gains.entries()) {
    found += gain;
    precisions += gain === 0 ? 0 : found / (place + 1);
  }
  return {
    'nDCG@10': discounted(gains.slice(0, 10)) / ideal,
    MAP: precisions / relevant.size,
    'Recall@100': hits(100) / relevant.size,
    'P@10': hits(10) / 10,
  };
}

function discounted(gains: readonly number[]): number {
  return gains.reduce((sum, gain, place) => sum + gain / Math.log2(place + 2), 0);
}

export function meanQuality(each: readonly Quality[]): Quality {
  const mean = (name: keyof Quality) => each.reduce((sum, quality) => sum + quality[name], 0) / each.length;
  return { 'nDCG@10': mean('nDCG@10'), MAP: mean('MAP'), 'Recall@100': mean('Recall@100'), 'P@10': mean('P@10') };
}
