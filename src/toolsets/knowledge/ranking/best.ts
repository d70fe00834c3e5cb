/** The best of many. */

export interface Ranked {
  project_id: string;
  number: number;
  /** From 0 to 1: of what a chunk would get that has each word of the query without end. */
  score: number;
}

/** The best, in a list that is sorted only when it has become twice as long: far cheaper than to sort all. */
export class Best {
  readonly #most: number;
  #kept: Ranked[] = [];
  /** What is below it is not among them. */
  #least = 0;

  constructor(most: number) {
    this.#most = most;
  }

  offer(project_id: string, number: number, score: number): void {
    if (score < this.#least) return;
    this.#kept.push({ project_id, number, score });
    if (this.#kept.length >= this.#most * 2) this.#shrink();
  }

  /** The score of the last of them; 0 while they are fewer. */
  get least(): number {
    this.#shrink();
    return this.#least;
  }

  inOrder(): Ranked[] {
    this.#shrink();
    return this.#kept;
  }

  #shrink(): void {
    this.#kept = this.#kept.toSorted(compare).slice(0, this.#most);
    if (this.#kept.length === this.#most) this.#least = this.#kept.at(-1)?.score ?? 0;
  }
}

function compare(one: Ranked, other: Ranked): number {
  return other.score - one.score || one.number - other.number || (one.project_id < other.project_id ? -1 : 1);
}
