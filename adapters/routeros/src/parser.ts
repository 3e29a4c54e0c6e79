import { isAscii } from 'node:buffer';
import { CodecError, type CodecLimits, defaultLimits, type WordDecoder, wordDecoder } from './codec.ts';

const noBytes = Buffer.alloc(0);

/**
 * Splits a byte stream into sentences, whatever the segments it arrives in. Give it octets with `push`, then take
 * sentences with `next` until it returns null; taking few at a time keeps the event loop free.
 *
 * What is already read is never read again: words are decoded once, and a word longer than a segment is copied into
 * a buffer of its own size as it arrives (scanning it from its start for each segment would be quadratic).
 */
export class SentenceParser {
  readonly #decode: WordDecoder;
  readonly #limits: CodecLimits;
  /** Segments not yet taken up; the first is `#bytes`. */
  #queue: Buffer[] = [];
  #bytes: Buffer = noBytes;
  #offset = 0;
  /** A word that is longer than what has come, and how much of it is here. */
  #partial: Buffer | null = null;
  #filled = 0;
  /** The announced length of the partial word; its buffer grows to it, so that a length alone costs nothing. */
  #expected = 0;
  /** Octets of a length prefix cut by the end of a segment. */
  #prefix: number[] = [];
  #words: string[] = [];
  #sentenceBytes = 0;
  /** Where the words of a short sentence end; kept to spare an allocation for each. */
  readonly #ends: number[] = [];

  constructor(decode: WordDecoder = wordDecoder(), limits: CodecLimits = defaultLimits) {
    this.#decode = decode;
    this.#limits = limits;
  }

  /** Adds a segment as received; the parser keeps it until its sentences are taken, so it must not be reused. */
  push(segment: Buffer): void {
    if (segment.length > 0) this.#queue.push(segment);
  }

  /** Whether everything pushed ended exactly at the end of a sentence; when not, a close is a cut. */
  get atBoundary(): boolean {
    return (
      this.#offset === this.#bytes.length &&
      this.#queue.length === 0 &&
      this.#partial === null &&
      this.#prefix.length === 0 &&
      this.#words.length === 0
    );
  }

  /**
   * The next whole sentence as its words, or null when more octets are needed. Empty sentences are skipped.
   * @throws CodecError when the octets cannot be this protocol or break a limit
   */
  next(): string[] | null {
    while (true) {
      if (this.#offset === this.#bytes.length && !this.#takeSegment()) return null;
      if (this.#partial !== null) {
        if (!this.#fillPartial()) continue;
      } else {
        const sentence = this.#shortAsciiSentence();
        if (sentence !== null) return sentence;
        const length = this.#readLength();
        if (length === null) continue;
        if (length === 0) {
          const words = this.#words;
          if (words.length === 0) continue;
          this.#words = [];
          this.#sentenceBytes = 0;
          return words;
        }
        this.#readWord(length);
      }
    }
  }

  /**
   * The usual sentence at one go: wholly in this segment, words below 128 octets, ASCII. It is decoded once and cut,
   * several times faster than word by word. Null when it is not of that kind; nothing is consumed then.
   */
  #shortAsciiSentence(): string[] | null {
    if (this.#words.length > 0 || this.#prefix.length > 0) return null;
    const bytes = this.#bytes;
    const start = this.#offset;
    const ends = this.#ends;
    let count = 0;
    let at = start;
    while (true) {
      const length = bytes[at];
      if (length === undefined || length >= 0x80 || count > this.#limits.maxSentenceWords) return null;
      if (length === 0) break;
      at += 1 + length;
      ends[count] = at - start;
      count += 1;
    }
    if (count === 0 || at - start > this.#limits.maxSentenceBytes) return null;
    if (!isAscii(bytes.subarray(start, at))) return null;
    const text = bytes.toString('latin1', start, at);
    const words: string[] = [];
    let from = 1;
    for (let index = 0; index < count; index += 1) {
      const end = ends[index] as number;
      words.push(text.slice(from, end));
      from = end + 1;
    }
    this.#offset = at + 1;
    return words;
  }

  #takeSegment(): boolean {
    const segment = this.#queue.shift();
    this.#bytes = segment ?? noBytes;
    this.#offset = 0;
    return segment !== undefined;
  }

  /** A whole length prefix, or null when the segment ended inside it. */
  #readLength(): number | null {
    const bytes = this.#bytes;
    if (this.#prefix.length === 0) {
      const first = bytes[this.#offset] as number;
      if (first < 0x80) {
        this.#offset += 1;
        return first;
      }
      const size = prefixSize(first);
      if (this.#offset + size <= bytes.length) {
        const length = prefixValue(first, bytes, this.#offset);
        this.#offset += size;
        return length;
      }
    }
    while (this.#offset < bytes.length) {
      this.#prefix.push(bytes[this.#offset] as number);
      this.#offset += 1;
      const first = this.#prefix[0] as number;
      if (this.#prefix.length === prefixSize(first)) {
        const length = prefixValue(first, this.#prefix, 0);
        this.#prefix = [];
        return length;
      }
    }
    return null;
  }

  #readWord(length: number): void {
    const limits = this.#limits;
    this.#sentenceBytes += length;
    if (length > limits.maxWordBytes)
      throw new CodecError(`A word of ${length} octets; at most ${limits.maxWordBytes} are accepted`);
    if (this.#sentenceBytes > limits.maxSentenceBytes)
      throw new CodecError(`A sentence of more than ${limits.maxSentenceBytes} octets`);
    if (this.#words.length >= limits.maxSentenceWords)
      throw new CodecError(`A sentence of more than ${limits.maxSentenceWords} words`);
    const end = this.#offset + length;
    if (end <= this.#bytes.length) {
      this.#words.push(this.#decode(this.#bytes, this.#offset, end));
      this.#offset = end;
      return;
    }
    this.#expected = length;
    this.#partial = Buffer.allocUnsafe(Math.min(length, 65_536));
    this.#filled = 0;
  }

  /** Copies what has come into the partial word; true when that completed it. */
  #fillPartial(): boolean {
    let partial = this.#partial as Buffer;
    const take = Math.min(this.#expected - this.#filled, this.#bytes.length - this.#offset);
    if (this.#filled + take > partial.length) {
      const larger = Buffer.allocUnsafe(
        Math.min(this.#expected, Math.max(partial.length * 2, this.#filled + take)),
      );
      partial.copy(larger, 0, 0, this.#filled);
      partial = larger;
      this.#partial = larger;
    }
    this.#bytes.copy(partial, this.#filled, this.#offset, this.#offset + take);
    this.#filled += take;
    this.#offset += take;
    if (this.#filled < this.#expected) return false;
    this.#words.push(this.#decode(partial, 0, this.#expected));
    this.#partial = null;
    return true;
  }
}

function prefixSize(first: number): number {
  if (first < 0x80) return 1;
  if (first < 0xc0) return 2;
  if (first < 0xe0) return 3;
  if (first < 0xf0) return 4;
  if (first < 0xf8) return 5;
  throw new CodecError(`The control octet 0x${first.toString(16)} is reserved; this is not the RouterOS API`);
}

function prefixValue(first: number, bytes: ArrayLike<number>, at: number): number {
  const octet = (index: number) => bytes[at + index] as number;
  if (first < 0xc0) return ((first & 0x3f) << 8) | octet(1);
  if (first < 0xe0) return ((first & 0x1f) << 16) | (octet(1) << 8) | octet(2);
  if (first < 0xf0) return ((first & 0x0f) << 24) | (octet(1) << 16) | (octet(2) << 8) | octet(3);
  return ((octet(1) << 24) | (octet(2) << 16) | (octet(3) << 8) | octet(4)) >>> 0;
}
