import { equal16 } from '../packet/authenticator.ts';

/** A request being or having been answered. */
export interface DuplicateEntry {
  readonly authenticator: Uint8Array;
  /** Null while in progress. */
  reply: Buffer | null;
}

/** More than this in one generation and the older one goes early, so that a flood cannot eat the memory. */
const mostPerGeneration = 200_000;

/**
 * RFC 5080 §2.2.2: a duplicate has the same source address, port, identifier and authenticator. It is ignored while its
 * original is in progress and answered with the same octets for at least `holdMs` afterwards.
 */
export class DuplicateCache {
  #young = new Map<string, DuplicateEntry>();
  #old = new Map<string, DuplicateEntry>();
  #rotatedAt = 0;
  readonly #holdMs: number;

  constructor(holdMs: number) {
    this.#holdMs = holdMs;
  }

  /** The entry of an earlier copy of this request, or null. */
  find(key: string, packet: Uint8Array): DuplicateEntry | null {
    const entry = this.#young.get(key) ?? this.#old.get(key);
    return entry !== undefined && equal16(entry.authenticator, 0, packet, 4) ? entry : null;
  }

  /** Notes a new request; it replaces an older one of the same key. */
  begin(key: string, packet: Uint8Array, now: number): DuplicateEntry {
    if (now - this.#rotatedAt >= this.#holdMs || this.#young.size >= mostPerGeneration) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#rotatedAt = now;
    }
    const entry: DuplicateEntry = { authenticator: packet.subarray(4, 20), reply: null };
    this.#young.set(key, entry);
    return entry;
  }

  /** Forgets a request that will not be answered, so that its retransmission is a new one. */
  forget(key: string, entry: DuplicateEntry): void {
    if (this.#young.get(key) === entry) this.#young.delete(key);
    if (this.#old.get(key) === entry) this.#old.delete(key);
  }
}
