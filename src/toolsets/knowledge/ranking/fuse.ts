/** Makes one ranking of several whose scores cannot be compared. Pure. */

/** Cormack, Clarke and Büttcher, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning Methods" (2009): their value. */
const k = 60;

/** Best first; each with a score from 0 to 1, where 1 is what is first in every list. Equally good ones are in the order of the lists. */
export function fuse<Item>(lists: readonly (readonly Item[])[], keyOf: (item: Item) => string): (Item & { score: number })[] {
  const fused = new Map<string, { item: Item; score: number }>();
  for (const list of lists)
    for (const [place, item] of list.entries()) {
      const entry = fused.get(keyOf(item)) ?? { item, score: 0 };
      fused.set(keyOf(item), entry);
      entry.score += (k + 1) / (k + 1 + place) / lists.length;
    }
  return [...fused.values()].toSorted((one, other) => other.score - one.score).map(({ item, score }) => ({ ...item, score }));
}
