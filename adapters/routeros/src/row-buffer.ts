import type { Row } from './reply.ts';

/** Rows between a device that sends and a consumer that takes them when it is ready. */
export class RowBuffer {
  #rows: Row[] = [];
  #ended = false;
  #failure: unknown = null;
  #wake = Promise.withResolvers<void>();

  /** Adds a row; how many are held now. */
  push(row: Row): number {
    const held = this.#rows.push(row);
    this.#wake.resolve();
    return held;
  }

  /** No more rows; `failure` is thrown to the consumer once it has taken the ones held. The first end counts. */
  end(failure: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#failure = failure;
    this.#wake.resolve();
  }

  /** All rows held, waiting for some; null at the end. */
  async take(): Promise<readonly Row[] | null> {
    while (this.#rows.length === 0) {
      if (this.#ended) {
        if (this.#failure !== null) throw this.#failure;
        return null;
      }
      await this.#wake.promise;
      this.#wake = Promise.withResolvers<void>();
    }
    const rows = this.#rows;
    this.#rows = [];
    return rows;
  }
}
