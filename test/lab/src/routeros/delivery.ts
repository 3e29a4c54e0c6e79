import type { Socket } from 'node:net';

/** How replies are cut into TCP segments. `random` is the default: a client must not care. */
export type Chunking = 'random' | 'single-byte' | 'mss' | 'before-terminator' | 'inside-length' | 'whole';

/** Small, seeded pseudo-random numbers (mulberry32), so that a failing cut can be seen again. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function cuts(bytes: Buffer, chunking: Chunking, random: () => number): number[] {
  if (chunking === 'whole') return [];
  if (chunking === 'before-terminator') return [bytes.length - 1];
  if (chunking === 'inside-length') return [1, 2];
  const at: number[] = [];
  // Beyond this a test would wait for segments, not for the client.
  const hostileUntil = chunking === 'mss' ? 0 : 4096;
  let position = 0;
  while (position < bytes.length) {
    if (position >= hostileUntil) position += 1448;
    else position += chunking === 'single-byte' ? 1 : 1 + Math.floor(random() * 24);
    at.push(position);
  }
  return at;
}

/** Writes replies in order, each cut as asked, a segment per turn of the event loop. */
export class Delivery {
  readonly #socket: Socket;
  readonly #chunking: Chunking;
  readonly #random: () => number;
  #queue: Buffer[] = [];
  #writing = false;

  constructor(socket: Socket, chunking: Chunking, seed: number) {
    this.#socket = socket;
    this.#chunking = chunking;
    this.#random = seededRandom(seed);
    socket.setNoDelay(true);
  }

  send(bytes: Buffer): void {
    let start = 0;
    for (const cut of cuts(bytes, this.#chunking, this.#random)) {
      if (cut > start && cut < bytes.length) {
        this.#queue.push(bytes.subarray(start, cut));
        start = cut;
      }
    }
    this.#queue.push(bytes.subarray(start));
    if (!this.#writing) this.#write();
  }

  /** Runs once everything sent so far has left. */
  afterwards(action: () => void): void {
    if (!this.#writing) action();
    else setImmediate(() => this.afterwards(action));
  }

  #write(): void {
    const chunk = this.#queue.shift();
    if (chunk === undefined || this.#socket.destroyed) {
      this.#writing = false;
      this.#queue = [];
      return;
    }
    this.#writing = true;
    const next = () => setImmediate(() => this.#write());
    if (this.#socket.write(chunk)) next();
    else {
      this.#socket.once('drain', next);
      this.#socket.once('close', next);
    }
  }
}
