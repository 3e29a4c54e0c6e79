/** What is wrong with foreign octets. Caught at the edge of the codec; never leaves it. */
export class BerError extends Error {
  override readonly name = 'BerError';
}

/** Reads BER (X.690) from a datagram without copying. Every method throws `BerError` rather than read outside. */
export class BerReader {
  readonly buffer: Buffer;
  offset: number;
  /** First octet after the part being read. */
  readonly end: number;

  constructor(buffer: Buffer, offset = 0, end = buffer.length) {
    this.buffer = buffer;
    this.offset = offset;
    this.end = end;
  }

  get done(): boolean {
    return this.offset >= this.end;
  }

  peekTag(): number {
    if (this.done) throw new BerError('truncated before a tag');
    return this.buffer[this.offset] as number;
  }

  /** Passes a header with the tag wanted (any when undefined) and returns the length of its content. */
  header(tag?: number): number {
    const found = this.peekTag();
    if (tag !== undefined && found !== tag) {
      throw new BerError(`expected tag 0x${tag.toString(16)}, found 0x${found.toString(16)}`);
    }
    this.offset++;
    if (this.done) throw new BerError('truncated before a length');
    let length = this.buffer[this.offset++] as number;
    if (length & 0x80) {
      let octets = length & 0x7f;
      if (octets === 0) throw new BerError('indefinite length');
      if (octets > 4) throw new BerError(`length of ${octets} octets`);
      if (this.offset + octets > this.end) throw new BerError('truncated length');
      length = 0;
      while (octets-- > 0) length = length * 256 + (this.buffer[this.offset++] as number);
    }
    if (this.offset + length > this.end) throw new BerError(`length ${length} passes the end`);
    return length;
  }

  /** The content of a primitive as a view of the datagram. */
  octets(tag?: number): Buffer {
    const length = this.header(tag);
    const view = this.buffer.subarray(this.offset, this.offset + length);
    this.offset += length;
    return view;
  }

  /** A reader of the content of a constructed element; this reader moves behind it. */
  enter(tag?: number): BerReader {
    const length = this.header(tag);
    const inner = new BerReader(this.buffer, this.offset, this.offset + length);
    this.offset += length;
    return inner;
  }

  /** An INTEGER that fits a double exactly. */
  integer(): number {
    const length = this.header(0x02);
    const value = signedInteger(this.buffer, this.offset, length);
    this.offset += length;
    if (value === null) throw new BerError('an INTEGER without content or over 53 bit');
    return value;
  }
}

/** Two's complement of up to 8 octets; null when empty, longer, or not exact as a double. */
export function signedInteger(buffer: Uint8Array, start: number, length: number): number | null {
  if (length === 0 || length > 8) return null;
  const first = buffer[start] as number;
  let value = first & 0x80 ? first - 256 : first;
  for (let i = start + 1; i < start + length; i++) value = value * 256 + (buffer[i] as number);
  return Number.isSafeInteger(value) ? value : null;
}

/** Writes BER from the end of a buffer towards its start, so that lengths are known when headers are written. */
export class BerWriter {
  #buffer = Buffer.allocUnsafe(512);
  #start = 512;

  /** Octets written so far; give it to `header` to close an element begun here. */
  get size(): number {
    return this.#buffer.length - this.#start;
  }

  #reserve(octets: number): void {
    if (octets <= this.#start) return;
    const larger = Buffer.allocUnsafe((this.size + octets) * 2);
    const start = larger.length - this.size;
    this.#buffer.copy(larger, start, this.#start);
    this.#buffer = larger;
    this.#start = start;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#buffer[--this.#start] = value;
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#start -= bytes.length;
    this.#buffer.set(bytes, this.#start);
  }

  /** Puts tag and length before what was written since `mark`. */
  header(tag: number, mark: number): void {
    let length = this.size - mark;
    if (length < 0x80) {
      this.byte(length);
    } else {
      let octets = 0;
      while (length > 0) {
        this.byte(length & 0xff);
        length >>>= 8;
        octets++;
      }
      this.byte(0x80 | octets);
    }
    this.byte(tag);
  }

  octets(tag: number, bytes: Uint8Array): void {
    const mark = this.size;
    this.raw(bytes);
    this.header(tag, mark);
  }

  /** A signed whole number of up to 53 bit with the tag given. */
  integer(value: number, tag = 0x02): void {
    const mark = this.size;
    let rest = value;
    let low: number;
    do {
      low = ((rest % 256) + 256) % 256;
      this.byte(low);
      rest = (rest - low) / 256;
    } while (!((rest === 0 && low < 0x80) || (rest === -1 && low >= 0x80)));
    this.header(tag, mark);
  }

  /** An unsigned number of up to 64 bit with the tag given. */
  unsigned(value: bigint, tag: number): void {
    const mark = this.size;
    let rest = BigInt.asUintN(64, value);
    let low: number;
    do {
      low = Number(rest & 0xffn);
      this.byte(low);
      rest >>= 8n;
    } while (rest > 0n);
    if (low >= 0x80) this.byte(0);
    this.header(tag, mark);
  }

  finish(): Buffer {
    return this.#buffer.subarray(this.#start);
  }
}
