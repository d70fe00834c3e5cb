/** What was read about credentials a moment ago, so that most calls need no query; forgotten when something is revoked. */

/** What a loader found. `subjects` are the ids (session, key, user, member) whose revocation makes it untrue. */
export interface Loaded<Value> {
  value: Value;
  subjects: readonly string[];
}

export interface CredentialCache<Value> {
  /** The cached value, or what `load` finds now; undefined is never cached. Concurrent reads of one key share one load. */
  read(key: string, load: () => Promise<Loaded<Value> | undefined>): Promise<Value | undefined>;
  /** Drops everything about these subjects, and reads them from the database for a while. */
  forget(subjects: readonly string[]): void;
  readonly size: number;
}

export interface CacheLimits {
  /** Most entries; the least recently used goes first. */
  entries: number;
  /** Longest age of an answer, counted from the start of its query. */
  lifetime_ms: number;
  /** How long nothing about a forgotten subject is cached: longer than its transaction may take to commit. */
  distrust_ms: number;
  /** A clock that never goes back, in milliseconds. */
  clock: () => number;
}

export function createCredentialCache<Value>(limits: CacheLimits): CredentialCache<Value> {
  const entries = new Map<string, Loaded<Value> & { until: number }>();
  const loading = new Map<string, Promise<Value | undefined>>();
  const distrusted = new Map<string, number>();

  function keep(key: string, loaded: Loaded<Value>, started: number): void {
    if (loaded.subjects.some((subject) => (distrusted.get(subject) ?? 0) > limits.clock())) return;
    entries.set(key, { ...loaded, until: started + limits.lifetime_ms });
    const oldest = entries.size > limits.entries ? entries.keys().next().value : undefined;
    if (oldest !== undefined) entries.delete(oldest);
  }

  async function loadOnce(key: string, load: () => Promise<Loaded<Value> | undefined>): Promise<Value | undefined> {
    const started = limits.clock();
    const loaded = await load();
    if (loaded !== undefined) keep(key, loaded, started);
    return loaded?.value;
  }

  return {
    async read(key, load) {
      const cached = entries.get(key);
      entries.delete(key);
      if (cached !== undefined && cached.until > limits.clock()) {
        // Setting it anew makes it the most recently used.
        entries.set(key, cached);
        return cached.value;
      }
      const running = loading.get(key);
      if (running !== undefined) return running;
      const started = loadOnce(key, load).finally(() => {
        if (loading.get(key) === started) loading.delete(key);
      });
      loading.set(key, started);
      return started;
    },

    forget(subjects) {
      const now = limits.clock();
      for (const [subject, until] of distrusted) if (until <= now) distrusted.delete(subject);
      for (const subject of subjects) distrusted.set(subject, now + limits.distrust_ms);
      for (const [key, entry] of entries) if (entry.subjects.some((subject) => subjects.includes(subject))) entries.delete(key);
      // A query that runs now may have begun before the revocation: whoever asks from here on begins another.
      loading.clear();
    },

    get size() {
      return entries.size;
    },
  };
}
