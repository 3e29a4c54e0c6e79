import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CodecError, defaultLimits, encodeSentence, lengthPrefixSize, wordDecoder } from './codec.ts';
import { SentenceParser } from './parser.ts';

const latin1 = (bytes: Buffer, start: number, end: number) => bytes.toString('latin1', start, end);

function takeAll(parser: SentenceParser): string[][] {
  const sentences: string[][] = [];
  for (let words = parser.next(); words !== null; words = parser.next()) sentences.push(words);
  return sentences;
}

function parse(segments: readonly Buffer[], parser = new SentenceParser(latin1)): string[][] {
  return segments.flatMap((segment) => {
    parser.push(segment);
    return takeAll(parser);
  });
}

const word = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 40 }),
  fc.uint8Array({ minLength: 127, maxLength: 129 }),
  fc.constantFrom(255, 256, 0x3fff, 0x4000, 70_000).map((length) => new Uint8Array(length).fill(0)),
);
const sentences = fc.array(fc.array(word, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 6 });

test.each([
  [1, '01'],
  [0x7f, '7f'],
  [0x80, '8080'],
  [0x100, '8100'],
  [0x3fff, 'bfff'],
  [0x4000, 'c04000'],
  [0x1fffff, 'dfffff'],
  [0x200000, 'e0200000'],
])('a word of %i octets has the length prefix %s', (length, prefix) => {
  const encoded = encodeSentence([new Uint8Array(length)]);
  const size = lengthPrefixSize(length);
  expect(encoded.subarray(0, size).toString('hex')).toBe(prefix);
  expect(encoded.length).toBe(size + length + 1);
  expect(parse([encoded])).toEqual([['\0'.repeat(length)]]);
});

test('a five-octet length is read, though it is never needed', () => {
  expect(parse([Buffer.from([0xf0, 0, 0, 0, 5, ...Buffer.from('!done'), 0])])).toEqual([['!done']]);
  expect(lengthPrefixSize(0x10000000)).toBe(5);
});

test('what was encoded is parsed again, whatever the segments', () => {
  fc.assert(
    fc.property(sentences, fc.array(fc.integer({ min: 1, max: 5000 }), { maxLength: 30 }), (input, sizes) => {
      const bytes = Buffer.concat(input.map((words) => encodeSentence(words)));
      const segments: Buffer[] = [];
      let at = 0;
      for (const size of sizes) {
        segments.push(bytes.subarray(at, at + size));
        at += size;
      }
      segments.push(bytes.subarray(at));
      const parser = new SentenceParser(latin1);
      const output = parse(segments, parser);
      expect(output).toEqual(input.map((words) => words.map((one) => Buffer.from(one).toString('latin1'))));
      expect(parser.atBoundary).toBe(true);
    }),
    { numRuns: 150, seed: 7 },
  );
});

test('every split position gives the same sentences, and octet by octet too', () => {
  const expected = [['!re', '=name=ether1', '.tag=1'], ['!re', `=comment=${'x'.repeat(300)}`], ['!done']];
  const bytes = Buffer.concat(expected.map((words) => encodeSentence(words)));
  for (let cut = 0; cut <= bytes.length; cut += 1)
    expect(parse([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual(expected);
  expect(parse(Array.from(bytes, (octet) => Buffer.of(octet)))).toEqual(expected);
});

test('sentences are given as soon as their last octet is there', () => {
  const parser = new SentenceParser();
  const bytes = encodeSentence(['!done', '.tag=1']);
  parser.push(bytes.subarray(0, -1));
  expect(parser.next()).toBeNull();
  expect(parser.atBoundary).toBe(false);
  parser.push(bytes.subarray(-1));
  expect(parser.next()).toEqual(['!done', '.tag=1']);
});

test('empty sentences are skipped', () => {
  expect(parse([Buffer.from([0, 0, 2, 0x61, 0x62, 0, 0])])).toEqual([['ab']]);
});

test.each([0xf8, 0xfc, 0xff])('the reserved control octet 0x%s is refused', (octet) => {
  expect(() => parse([Buffer.of(octet)])).toThrow(CodecError);
});

test('limits hold before memory is taken', () => {
  const small = { maxWordBytes: 1000, maxSentenceBytes: 2000, maxSentenceWords: 3 };
  const parser = () => new SentenceParser(latin1, small);
  expect(() => parse([encodeSentence(['a'.repeat(1001)])], parser())).toThrow('A word of 1001 octets');
  expect(() =>
    parse([encodeSentence(['a'.repeat(900), 'b'.repeat(900), 'c'.repeat(900)])], parser()),
  ).toThrow('2000');
  expect(() => parse([encodeSentence(['a', 'b', 'c', 'd'])], parser())).toThrow('3 words');
  const many = Array.from({ length: 5 }, () => encodeSentence(['a'.repeat(900)]));
  expect(parse(many, parser())).toHaveLength(5);
  const huge = Buffer.from([0xf0, 0xff, 0xff, 0xff, 0xff]);
  expect(() => parse([huge], new SentenceParser(latin1, defaultLimits))).toThrow('4294967295');
});

test('random octets give sentences, wait, or a CodecError; never anything else', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 8 }), (segments) => {
      const parser = new SentenceParser(wordDecoder(), {
        maxWordBytes: 4096,
        maxSentenceBytes: 8192,
        maxSentenceWords: 64,
      });
      try {
        for (const segment of segments) {
          parser.push(Buffer.from(segment));
          for (const words of takeAll(parser)) expect(words.length).toBeGreaterThan(0);
        }
      } catch (error) {
        expect(error).toBeInstanceOf(CodecError);
      }
    }),
    { numRuns: 2000, seed: 11 },
  );
});

test('text is UTF-8 where it can be, and the code page otherwise', () => {
  const decode = wordDecoder('windows-1251');
  const read = (bytes: Buffer) => decode(bytes, 0, bytes.length);
  expect(read(Buffer.from('Київ'))).toBe('Київ');
  expect(read(Buffer.from([0xca, 0xe8, 0xbf, 0xe2]))).toBe('Київ');
});

test('an empty word cannot be sent', () => {
  expect(() => encodeSentence(['/print', ''])).toThrow(RangeError);
});
