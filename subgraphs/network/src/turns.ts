/**
 * Keeps work that concerns the same things in the order in which it came; the rest runs at once. What is read anew for whoever
 * asks is read in turns, so that an older reading does not come last.
 */
export class Turns {
  readonly #last = new Map<string, Promise<void>>();
  #everything: Promise<void> = Promise.resolve();

  /** @param names what the work concerns; null is everything. */
  async take<T>(names: ReadonlySet<string> | null, work: () => Promise<T>): Promise<T> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const before = new Set<Promise<void>>([this.#everything]);
    if (names === null) {
      for (const last of this.#last.values()) before.add(last);
      this.#everything = promise;
    } else {
      for (const name of names) {
        const last = this.#last.get(name);
        if (last !== undefined) before.add(last);
        this.#last.set(name, promise);
      }
    }
    try {
      await Promise.all(before);
      return await work();
    } finally {
      resolve();
      for (const name of names ?? []) if (this.#last.get(name) === promise) this.#last.delete(name);
    }
  }
}
