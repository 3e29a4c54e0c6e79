import type { Peer } from './reception.ts';

/** A request being or having been answered. */
export class DuplicateEntry {
  /** Null while in progress. */
  reply: Buffer | null = null;
  /** Of a reply that has been sent and whose request is forgotten: a new one may be written there. */
  room: Buffer | null = null;
  #a = 0;
  #b = 0;
  #c = 0;
  #d = 0;

  /** Takes the place of the request that was answered before. */
  begin(packet: Buffer): void {
    this.room = this.reply ?? this.room;
    this.reply = null;
    this.#a = packet.readInt32BE(4);
    this.#b = packet.readInt32BE(8);
    this.#c = packet.readInt32BE(12);
    this.#d = packet.readInt32BE(16);
  }

  /** Whether a packet has the authenticator of this request. */
  isOf(packet: Buffer): boolean {
    return (
      this.#a === packet.readInt32BE(4) &&
      this.#b === packet.readInt32BE(8) &&
      this.#c === packet.readInt32BE(12) &&
      this.#d === packet.readInt32BE(16)
    );
  }
}

/** The requests of one source address by port and identifier. */
type Requests = Map<number, DuplicateEntry>;

/** More than this in one generation and the older one goes early, so that a flood cannot eat the memory. */
const mostPerGeneration = 200_000;

/**
 * RFC 5080 §2.2.2: a duplicate has the same source address, port, identifier and authenticator. It is ignored while its
 * original is in progress and answered with the same octets for at least `holdMs` afterwards.
 * Keeps nothing of the datagram itself, and takes an answered request's entry for the next of its key: what lives for seconds
 * and is made anew for every login costs the collector more than the login.
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
    const entry = this.#entry(address, keyOf(port, packet));
    return entry?.isOf(packet) === true ? entry : null;
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
    const key = keyOf(port, packet);
    const young = requests.get(key);
    const before = young ?? this.#old.get(address)?.get(key);
    // Whoever answers one in progress holds it still.
    const entry = before === undefined || before.reply === null ? new DuplicateEntry() : before;
    entry.begin(packet);
    if (entry !== young) requests.set(key, entry);
    if (young === undefined) this.#youngSize++;
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

  #entry(address: string, key: number): DuplicateEntry | undefined {
    return this.#young.get(address)?.get(key) ?? this.#old.get(address)?.get(key);
  }
}

function keyOf(port: number, packet: Buffer): number {
  return (port << 8) | (packet[1] as number);
}
