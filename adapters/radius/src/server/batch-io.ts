import type { SystemCalls } from './system-calls.ts';

/** Datagrams per call, at most. */
const mostPerCall = 64;
/** The longest RADIUS packet; what is longer is cut off. */
const packetOctets = 4096;
/** A little more, for at a distance of 4096 all would share the same few lines of the processor's cache. */
const slotOctets = packetOctets + 192;
/** struct mmsghdr of Linux with 64 bits: struct msghdr (56 octets), then the length received or sent. */
const headerOctets = 64;
/** struct iovec. */
const vectorOctets = 16;
/** Room for struct sockaddr_in (16) and sockaddr_in6 (28). */
const addressOctets = 32;
/** MSG_DONTWAIT */
const dontWait = 0x40;
const wordValues = 2 ** 32;

/** Messages laid out as recvmmsg(2) and sendmmsg(2) want them, in one piece of memory that never moves. */
class Messages {
  readonly memory: Buffer;
  readonly words: Int32Array;
  readonly pointer: bigint;
  /** A number is exact here: addresses of a process have 47 bits. */
  readonly #start: number;
  readonly dataAt = (headerOctets + vectorOctets + addressOctets) * mostPerCall;

  constructor(calls: SystemCalls) {
    // Of its own, not from Node's pool, so that it begins at a multiple of eight.
    this.memory = Buffer.from(new ArrayBuffer(this.dataAt + mostPerCall * slotOctets));
    this.words = new Int32Array(this.memory.buffer, 0, this.dataAt / 4);
    this.pointer = calls.addressOf(this.memory);
    this.#start = Number(this.pointer);
    for (let index = 0; index < mostPerCall; index++) {
      const header = (index * headerOctets) / 4;
      this.#writePointer(header, this.addressAt(index));
      this.#writePointer(header + 4, vectorAt(index));
      this.words[header + 6] = 1;
      this.setData(index, this.slotAt(index), packetOctets);
    }
  }

  #writePointer(word: number, at: number): void {
    const address = this.#start + at;
    this.words[word] = address;
    this.words[word + 1] = address / wordValues;
  }

  setData(index: number, at: number, octets: number): void {
    const word = vectorAt(index) / 4;
    this.#writePointer(word, at);
    this.words[word + 2] = octets;
  }

  setAddressLength(index: number, octets: number): void {
    this.words[(index * headerOctets + 8) / 4] = octets;
  }

  /** What the kernel says of a message. */
  length(index: number): number {
    return this.words[(index * headerOctets + 56) / 4] as number;
  }

  addressAt(index: number): number {
    return (headerOctets + vectorOctets) * mostPerCall + index * addressOctets;
  }

  slotAt(index: number): number {
    return this.dataAt + index * slotOctets;
  }
}

function vectorAt(index: number): number {
  return headerOctets * mostPerCall + index * vectorOctets;
}

/** Receives datagrams in batches. One serves all sockets of a process: a batch is dealt with before the next is received. */
export class BatchReceiver {
  readonly #calls: SystemCalls;
  readonly #messages: Messages;
  /** The newest view of each slot: most datagrams have one of few lengths, and a view costs more than reading a header. */
  readonly #views: Buffer[] = [];

  constructor(calls: SystemCalls) {
    this.#calls = calls;
    this.#messages = new Messages(calls);
  }

  /** How many were there, 0 when none. */
  receive(descriptor: number): number {
    for (let index = 0; index < mostPerCall; index++) this.#messages.setAddressLength(index, addressOctets);
    return Math.max(0, this.#calls.recvmmsg(descriptor, this.#messages.pointer, mostPerCall, dontWait, 0n));
  }

  /** Good until the next `receive`. */
  datagram(index: number): Buffer {
    const length = this.#messages.length(index);
    const known = this.#views[index];
    if (known?.length === length) return known;
    const at = this.#messages.slotAt(index);
    const view = this.#messages.memory.subarray(at, at + length);
    this.#views[index] = view;
    return view;
  }

  /** Holds the socket address of each datagram, from `addressAt` on. */
  get memory(): Buffer {
    return this.#messages.memory;
  }

  addressAt(index: number): number {
    return this.#messages.addressAt(index);
  }
}

/** Gathers replies of one socket and sends them with one call. */
export class BatchSender {
  readonly #calls: SystemCalls;
  readonly #messages: Messages;
  /** Where each reply begins, and after the last where the next would. */
  readonly #starts = new Int32Array(mostPerCall + 1);
  readonly #lengths = new Int32Array(mostPerCall);
  #count = 0;

  constructor(calls: SystemCalls) {
    this.#calls = calls;
    this.#messages = new Messages(calls);
    this.#starts[0] = this.#messages.dataAt;
  }

  get waiting(): number {
    return this.#count;
  }

  get full(): boolean {
    return this.#count === mostPerCall;
  }

  /**
   * Only when not `full`.
   * @param address a socket address, whose port is replaced.
   */
  add(reply: Uint8Array, address: Uint8Array, port: number): void {
    const messages = this.#messages;
    const { memory } = messages;
    const index = this.#count++;
    const at = this.#starts[index] as number;
    memory.set(reply, at);
    this.#lengths[index] = reply.length;
    this.#starts[index + 1] = at + reply.length;
    messages.setData(index, at, reply.length);
    const addressAt = messages.addressAt(index);
    memory.set(address, addressAt);
    memory[addressAt + 2] = port >> 8;
    memory[addressAt + 3] = port;
    messages.setAddressLength(index, address.length);
  }

  /** Sends what is waiting. `refused` gets copies of what the kernel did not take. */
  flush(descriptor: number, refused: (reply: Buffer, address: Buffer) => void): void {
    const count = this.#count;
    const messages = this.#messages;
    for (let sent = 0; sent < count; ) {
      const pointer = messages.pointer + BigInt(sent * headerOctets);
      const taken = this.#calls.sendmmsg(descriptor, pointer, count - sent, dontWait);
      if (taken > 0) {
        sent += taken;
        continue;
      }
      const copy = (at: number, octets: number) => Buffer.from(messages.memory.subarray(at, at + octets));
      const reply = copy(this.#starts[sent] as number, this.#lengths[sent] as number);
      refused(reply, copy(messages.addressAt(sent), addressOctets));
      sent++;
    }
    this.#count = 0;
  }
}
