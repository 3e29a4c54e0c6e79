import type { Peer } from './reception.ts';

/** A request being or having been answered, and its authenticator as four words. */
export interface DuplicateEntry {
  readonly words: readonly [number, number, number, number];
  /** Null while in progress. */
  reply: Buffer | null;
}

/** The requests of one source address by port and identifier. */
type Requests = Map<number, DuplicateEntry>;

/** More than this in one generation and the older one goes early, so that a flood cannot eat the memory. */
const mostPerGeneration = 200_000;

/**
 * RFC 5080 §2.2.2: a duplicate has the same source address, port, identifier and authenticator. It is ignored while its
 * original is in progress and answered with the same octets for at least `holdMs` afterwards.
 * Keeps nothing of the datagram itself, whose buffer would cost the collector more than the rest.
 */
export class DuplicateCache {
  #young = new Map<string, Requests>();
  #old = new Map<string, Requests>();
  #youngSize = 0;
  #rotatedAt = 0;
  readonly #holdMs: number;

  constructor(holdMs: number) {
    this.#holdMs = holdMs;
  }

  /** The entry of an earlier copy of this request, or null. */
  find({ address, port }: Peer, packet: Buffer): DuplicateEntry | null {
    const key = keyOf(port, packet);
    const entry = this.#young.get(address)?.get(key) ?? this.#old.get(address)?.get(key);
    if (entry === undefined) return null;
    const [a, b, c, d] = entry.words;
    const same =
      a === packet.readInt32BE(4) &&
      b === packet.readInt32BE(8) &&
      c === packet.readInt32BE(12) &&
      d === packet.readInt32BE(16);
    return same ? entry : null;
  }

  /** Notes a new request; it replaces an older one of the same key. */
  begin({ address, port }: Peer, packet: Buffer, now: number): DuplicateEntry {
    if (now - this.#rotatedAt >= this.#holdMs || this.#youngSize >= mostPerGeneration) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngSize = 0;
      this.#rotatedAt = now;
    }
    let requests = this.#young.get(address);
    if (requests === undefined) {
      requests = new Map();
      this.#young.set(address, requests);
    }
    const words = [
      packet.readInt32BE(4),
      packet.readInt32BE(8),
      packet.readInt32BE(12),
      packet.readInt32BE(16),
    ] as const;
    const entry: DuplicateEntry = { words, reply: null };
    requests.set(keyOf(port, packet), entry);
    this.#youngSize++;
    return entry;
  }

  /** Forgets a request that will not be answered, so that its retransmission is a new one. */
  forget({ address, port }: Peer, identifier: number, entry: DuplicateEntry): void {
    const key = (port << 8) | identifier;
    for (const generation of [this.#young, this.#old]) {
      const requests = generation.get(address);
      if (requests?.get(key) === entry) requests.delete(key);
    }
  }
}

function keyOf(port: number, packet: Buffer): number {
  return (port << 8) | (packet[1] as number);
}
