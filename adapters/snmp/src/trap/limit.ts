export interface TrapLimits {
  /** Notifications of one source in a second, over a burst of three seconds' worth. Default 20. */
  readonly perSecond?: number;
  /** Equal ones (source, trap, index) within this are one. Default 2,000 ms. */
  readonly coalesceMilliseconds?: number;
  /** Sources remembered; the one unheard for longest is forgotten. Default 10,000. */
  readonly mostSources?: number;
}

interface Source {
  tokens: number;
  at: number;
  readonly seen: Map<string, number>;
}

const MOST_KINDS = 256;

/** A token bucket and a memory of recent notifications for each source, so that one device in a storm drowns nobody. */
export class TrapLimiter {
  readonly #sources = new Map<string, Source>();
  readonly #perSecond: number;
  readonly #coalesce: number;
  readonly #most: number;

  constructor({ perSecond = 20, coalesceMilliseconds = 2_000, mostSources = 10_000 }: TrapLimits = {}) {
    this.#perSecond = perSecond;
    this.#coalesce = coalesceMilliseconds;
    this.#most = mostSources;
  }

  /** Before anything costly is done for a datagram: whether its source may still send. */
  admits(address: string, now: number): boolean {
    const source = this.#source(address, now);
    const burst = this.#perSecond * 3;
    source.tokens = Math.min(burst, source.tokens + (Math.max(0, now - source.at) / 1_000) * this.#perSecond);
    source.at = now;
    if (source.tokens < 1) return false;
    source.tokens--;
    return true;
  }

  /** Whether the same was told just now. */
  isRepeated(address: string, what: string, now: number): boolean {
    const { seen } = this.#source(address, now);
    const before = seen.get(what);
    if (before !== undefined && now - before < this.#coalesce && now >= before) return true;
    seen.delete(what);
    const [oldest] = seen.keys();
    if (seen.size >= MOST_KINDS && oldest !== undefined) seen.delete(oldest);
    seen.set(what, now);
    return false;
  }

  #source(address: string, now: number): Source {
    let source = this.#sources.get(address);
    if (source === undefined) {
      const [oldest] = this.#sources.keys();
      if (this.#sources.size >= this.#most && oldest !== undefined) this.#sources.delete(oldest);
      source = { tokens: this.#perSecond * 3, at: now, seen: new Map() };
    } else {
      this.#sources.delete(address);
    }
    this.#sources.set(address, source);
    return source;
  }
}
