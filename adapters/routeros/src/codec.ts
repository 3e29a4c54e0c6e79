import { isUtf8 } from 'node:buffer';

/** What the parser accepts from a peer before it gives up on it. */
export interface CodecLimits {
  /** Octets of one word. */
  readonly maxWordBytes: number;
  /** Octets of all words of one sentence. */
  readonly maxSentenceBytes: number;
  readonly maxSentenceWords: number;
}

export const defaultLimits: CodecLimits = {
  maxWordBytes: 64 * 1024 * 1024,
  maxSentenceBytes: 128 * 1024 * 1024,
  maxSentenceWords: 4096,
};

/** The bytes are not the RouterOS API. There is no way to find the next sentence: close the connection. */
export class CodecError extends Error {
  override readonly name = 'CodecError';
}

/** Turns the octets `[start, end)` of a word into text. */
export type WordDecoder = (bytes: Buffer, start: number, end: number) => string;

/**
 * Strict UTF-8, and the device's code page for words that are not UTF-8 (RouterOS stores bytes).
 * @param codePage a WHATWG encoding label such as `windows-1251`
 */
export function wordDecoder(codePage = 'windows-1252'): WordDecoder {
  const fallback = new TextDecoder(codePage);
  return (bytes, start, end) => {
    let position = start;
    while (position < end && (bytes[position] as number) < 0x80) position += 1;
    if (position === end) return bytes.toString('latin1', start, end);
    const word = bytes.subarray(start, end);
    return isUtf8(word) ? word.toString('utf8') : fallback.decode(word);
  };
}

/** How many octets the length prefix of a word of `length` octets takes: 1 to 5. */
export function lengthPrefixSize(length: number): 1 | 2 | 3 | 4 | 5 {
  if (length < 0x80) return 1;
  if (length < 0x4000) return 2;
  if (length < 0x200000) return 3;
  if (length < 0x10000000) return 4;
  return 5;
}

function writeLength(target: Buffer, offset: number, length: number): number {
  const size = lengthPrefixSize(length);
  if (size === 1) target[offset] = length;
  else if (size === 2) target.writeUInt16BE(length | 0x8000, offset);
  else if (size === 3) target.writeUIntBE(length | 0xc00000, offset, 3);
  else if (size === 4) target.writeUInt32BE((length | 0xe0000000) >>> 0, offset);
  else {
    target[offset] = 0xf0;
    target.writeUInt32BE(length, offset + 1);
  }
  return offset + size;
}

/**
 * One sentence as octets: every word with its length, then the zero-length word that ends it.
 * One buffer, so that it can go out in one write. Text is sent as UTF-8.
 * @throws RangeError for an empty word, which would end the sentence early
 */
export function encodeSentence(words: readonly (string | Uint8Array)[]): Buffer {
  let size = 1;
  const lengths: number[] = [];
  for (const word of words) {
    const length = typeof word === 'string' ? Buffer.byteLength(word) : word.byteLength;
    if (length === 0) throw new RangeError('An empty word ends a sentence; it cannot be part of one');
    lengths.push(length);
    size += lengthPrefixSize(length) + length;
  }
  const sentence = Buffer.allocUnsafe(size);
  let offset = 0;
  for (const [index, word] of words.entries()) {
    const length = lengths[index] as number;
    offset = writeLength(sentence, offset, length);
    if (typeof word === 'string') sentence.write(word, offset, length, 'utf8');
    else sentence.set(word, offset);
    offset += length;
  }
  sentence[offset] = 0;
  return sentence;
}
