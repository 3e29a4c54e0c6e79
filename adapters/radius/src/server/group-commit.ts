import type { Clock } from '@dotmac/device';

export interface GroupCommitOptions<T> {
  readonly clock: Clock;
  /** Makes a batch durable. */
  readonly commit: (batch: readonly T[]) => Promise<void>;
  readonly onCommitted: (batch: readonly T[]) => void;
  readonly onFailed: (batch: readonly T[], error: unknown) => void;
  /** Items too old to be worth an answer, or too many. */
  readonly onShed: (items: readonly T[]) => void;
  readonly concurrency: number;
  readonly mostPerBatch: number;
  readonly mostQueued: number;
  /** Older items are shed when their turn comes: their sender has given up on this copy. */
  readonly mostAgeMs: number;
}

/** Collects items and commits them in groups: at once when idle, else when an earlier commit returns. No timer. */
export class GroupCommit<T> {
  #queue: { item: T; at: number }[] = [];
  #running = 0;
  #scheduled = false;
  #idle: (() => void)[] = [];
  readonly #options: GroupCommitOptions<T>;

  constructor(options: GroupCommitOptions<T>) {
    this.#options = options;
  }

  push(item: T): void {
    if (this.#queue.length >= this.#options.mostQueued) {
      this.#options.onShed([item]);
      return;
    }
    this.#queue.push({ item, at: this.#options.clock.now() });
    this.#schedule();
  }

  get queued(): number {
    return this.#queue.length;
  }

  /** Resolves when nothing is queued or running. */
  async drained(): Promise<void> {
    if (this.#queue.length === 0 && this.#running === 0) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** One turn of the event loop later, so that datagrams read together are committed together. */
  #schedule(): void {
    if (this.#scheduled || this.#running >= this.#options.concurrency) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    const { clock, mostAgeMs, mostPerBatch, onShed } = this.#options;
    const taken = this.#queue.splice(0, mostPerBatch);
    const oldest = clock.now() - mostAgeMs;
    const shed = taken.filter((entry) => entry.at < oldest).map((entry) => entry.item);
    const batch = taken.filter((entry) => entry.at >= oldest).map((entry) => entry.item);
    if (shed.length > 0) onShed(shed);
    if (batch.length > 0) void this.#commit(batch);
    else this.#next();
  }

  async #commit(batch: readonly T[]): Promise<void> {
    const { commit, onCommitted, onFailed } = this.#options;
    this.#running++;
    try {
      await commit(batch);
      onCommitted(batch);
    } catch (error) {
      onFailed(batch, error);
    } finally {
      this.#running--;
      this.#next();
    }
  }

  #next(): void {
    if (this.#queue.length > 0) this.#schedule();
    else if (this.#running === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }
}
