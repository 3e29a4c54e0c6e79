/** Wakes all who wait for something new. */
export class News {
  readonly #wakers = new Set<() => void>();
  #told = 0;

  /** How often there was news so far: read it before looking, and wait `after` it. */
  get told(): number {
    return this.#told;
  }

  tell(): void {
    this.#told += 1;
    for (const wake of this.#wakers) wake();
  }

  /** Resolves when there was news after `told`, which may be at once, or when one of the signals aborts. */
  after(told: number, ...signals: readonly AbortSignal[]): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#wakers.delete(wake);
        for (const signal of signals) signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#wakers.add(wake);
      for (const signal of signals) signal.addEventListener('abort', wake, { once: true });
      if (this.#told > told || signals.some((signal) => signal.aborted)) wake();
    });
  }
}
