interface Entry<T> {
  readonly item: T;
  readonly at: number;
}

/** What falls due when: a binary heap, O(log n) to put and to take. Times in milliseconds, of any one clock. */
export class DueQueue<T> {
  readonly #heap: Entry<T>[] = [];

  get size(): number {
    return this.#heap.length;
  }

  /** When the first falls due; null when nothing waits. */
  get firstAt(): number | null {
    return this.#heap[0]?.at ?? null;
  }

  put(item: T, at: number): void {
    const heap = this.#heap;
    let place = heap.length;
    const entry = { item, at };
    heap.push(entry);
    while (place > 0) {
      const above = (place - 1) >> 1;
      const other = heap[above] as Entry<T>;
      if (other.at <= at) break;
      heap[place] = other;
      place = above;
    }
    heap[place] = entry;
  }

  /** The first with its time; undefined when nothing waits. */
  take(): Entry<T> | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let place = 0;
    for (;;) {
      let below = 2 * place + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && (heap[below + 1] as Entry<T>).at < (heap[below] as Entry<T>).at) below++;
      const other = heap[below] as Entry<T>;
      if (other.at >= last.at) break;
      heap[place] = other;
      place = below;
    }
    heap[place] = last;
    return first;
  }
}
