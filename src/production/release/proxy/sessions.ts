/** Which replica an MCP session of a 2025 revision lives on: those servers keep it in memory, and no other replica knows it. */

/** Each is some 200 bytes; a session that fell out of it begins anew, as the specification tells clients to. */
const mostSessions = 50_000;

export class Sessions {
  readonly #homes = new Map<string, string>();

  homeOf(session: string | undefined): string | undefined {
    return session === undefined ? undefined : this.#homes.get(session);
  }

  /** Remembers it as the latest, and forgets the one that was silent for longest when there are too many. */
  remember(session: string, replica: string): void {
    this.#homes.delete(session);
    this.#homes.set(session, replica);
    if (this.#homes.size <= mostSessions) return;
    const [oldest] = this.#homes.keys();
    if (oldest !== undefined) this.#homes.delete(oldest);
  }

  forget(session: string): void {
    this.#homes.delete(session);
  }
}
