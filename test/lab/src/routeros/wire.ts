/**
 * The RouterOS API framing for the simulator, written apart from the driver's codec on purpose: a mistake in one must
 * not hide in the other. Text is UTF-8 unless a row holds raw bytes.
 */
function lengthPrefix(length: number): Buffer {
  if (length <= 0x7f) return Buffer.of(length);
  if (length <= 0x3fff) return Buffer.of(0x80 + (length >> 8), length & 255);
  if (length <= 0x1fffff) return Buffer.of(0xc0 + (length >> 16), (length >> 8) & 255, length & 255);
  if (length <= 0xfffffff)
    return Buffer.of(0xe0 + (length >> 24), (length >> 16) & 255, (length >> 8) & 255, length & 255);
  return Buffer.of(0xf0, (length >>> 24) & 255, (length >> 16) & 255, (length >> 8) & 255, length & 255);
}

/** A reply sentence as octets. */
export function frame(words: readonly string[]): Buffer {
  const parts: Buffer[] = [];
  for (const word of words) {
    const bytes = Buffer.from(word, 'utf8');
    parts.push(lengthPrefix(bytes.length), bytes);
  }
  parts.push(Buffer.of(0));
  return Buffer.concat(parts);
}

/** The client broke the framing or a limit; the router closes. */
export class FramingError extends Error {}

/** Collects octets of one connection and gives back the sentences that are complete. */
export class FrameReader {
  #pending = Buffer.alloc(0);
  /** Before login a router accepts only short sentences. */
  limit = 64 * 1024;

  push(bytes: Buffer): string[][] {
    this.#pending = Buffer.concat([this.#pending, bytes]);
    const sentences: string[][] = [];
    let words: string[] = [];
    let start = 0;
    let at = 0;
    while (at < this.#pending.length) {
      const first = this.#pending[at] as number;
      if (first >= 0xf8) throw new FramingError('reserved control octet');
      const size = first < 0x80 ? 1 : first < 0xc0 ? 2 : first < 0xe0 ? 3 : first < 0xf0 ? 4 : 5;
      if (at + size > this.#pending.length) break;
      let length = size === 5 ? 0 : first & (0xff >> size);
      for (let index = 1; index < size; index += 1)
        length = length * 256 + (this.#pending[at + index] as number);
      if (length > this.limit) throw new FramingError('word too long');
      if (at + size + length > this.#pending.length) break;
      at += size;
      if (length === 0) {
        if (words.length > 0) sentences.push(words);
        words = [];
        start = at;
        continue;
      }
      words.push(this.#pending.toString('utf8', at, at + length));
      at += length;
    }
    this.#pending = this.#pending.subarray(start);
    return sentences;
  }
}
