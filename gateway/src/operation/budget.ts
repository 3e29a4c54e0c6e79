import type { Clock } from '@dotmac/platform';

/** What is left of a budget after an operation, for the headers `RateLimit-*`. */
export interface BudgetState {
  /** Cost that may be spent at once at most. */
  readonly limit: number;
  readonly remaining: number;
  /** Seconds until the budget is whole again. */
  readonly resetSeconds: number;
}

export type Spent =
  | { readonly ok: true; readonly state: BudgetState }
  | { readonly ok: false; readonly state: BudgetState; readonly retryAfterSeconds: number };

interface Bucket {
  tokens: number;
  /** Milliseconds. */
  at: number;
}

/** Buckets of owners who spend; those that are whole again are forgotten when there are more. */
const rememberedBuckets = 20_000;

/** A token bucket per owner: `perMinute` of cost flows in, at most a minute's worth is saved up. */
export class Budget {
  readonly #perMinute: number;
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();

  constructor(perMinute: number, clock: Clock) {
    this.#perMinute = perMinute;
    this.#clock = clock;
  }

  /** Takes the cost from the owner's budget, or nothing at all when there is too little. */
  spend(owner: string, cost: number): Spent {
    const bucket = this.#bucketOf(owner);
    const ok = cost <= bucket.tokens;
    if (ok) bucket.tokens -= cost;
    const state = {
      limit: this.#perMinute,
      remaining: Math.floor(bucket.tokens),
      resetSeconds: this.#secondsFor(this.#perMinute - bucket.tokens),
    };
    if (ok) return { ok, state };
    return { ok, state, retryAfterSeconds: Math.max(1, this.#secondsFor(cost - bucket.tokens)) };
  }

  /** Gives back what was taken for something that did not happen. */
  refund(owner: string, cost: number): void {
    const bucket = this.#bucketOf(owner);
    bucket.tokens = Math.min(this.#perMinute, bucket.tokens + cost);
  }

  #bucketOf(owner: string): Bucket {
    const now = this.#clock.now();
    let bucket = this.#buckets.get(owner);
    if (bucket === undefined) {
      if (this.#buckets.size >= rememberedBuckets) this.#forgetWhole(now);
      bucket = { tokens: this.#perMinute, at: now };
      this.#buckets.set(owner, bucket);
    } else {
      bucket.tokens = this.#tokensAt(bucket, now);
      bucket.at = now;
    }
    return bucket;
  }

  #tokensAt({ tokens, at }: Bucket, now: number): number {
    return Math.min(this.#perMinute, tokens + (Math.max(0, now - at) / 60_000) * this.#perMinute);
  }

  #forgetWhole(now: number): void {
    for (const [owner, bucket] of this.#buckets) {
      if (this.#tokensAt(bucket, now) >= this.#perMinute) this.#buckets.delete(owner);
    }
  }

  #secondsFor(cost: number): number {
    return Math.ceil((cost / this.#perMinute) * 60);
  }
}
