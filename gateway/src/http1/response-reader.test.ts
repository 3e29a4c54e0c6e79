import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type HttpAnswer, ResponseError, ResponseReader } from './response-reader.ts';

const largestBody = 1_000;

function read(chunks: readonly Buffer[], ended = false): HttpAnswer[] {
  const reader = new ResponseReader(largestBody);
  const answers: HttpAnswer[] = [];
  const keep = (answer: HttpAnswer) => answers.push(answer);
  for (const chunk of chunks) {
    const lent = Buffer.from(chunk);
    reader.push(lent, keep);
    // Whoever lends the octets overwrites them at once.
    lent.fill(0);
  }
  if (ended) reader.end(keep);
  return answers;
}

const bodyOf = (answers: readonly HttpAnswer[]) => answers.map(({ body }) => body);
const response = (head: string, body = '') => Buffer.from(`HTTP/1.1 ${head}\r\n\r\n${body}`);

describe('HTTP/1.1 responses', () => {
  test('gives status, type, body and how long the connection may rest', () => {
    const octets = response(
      '200 OK\r\nContent-Type: application/json\r\nKeep-Alive: timeout=5\r\nContent-Length: 4',
      '"ü"',
    );
    expect(read([octets])).toEqual([
      {
        status: 200,
        contentType: 'application/json',
        body: '"ü"',
        keepAlive: true,
        keepAliveMilliseconds: 5000,
      },
    ]);
  });

  test('passes over interim responses, and knows those without a body', () => {
    const octets = Buffer.concat([
      response('103 Early Hints\r\nlink: </a>'),
      response('204 No Content'),
      response('200 OK\r\ncontent-length: 1', 'x'),
    ]);
    expect(read([octets]).map(({ status }) => status)).toEqual([204, 200]);
  });

  test('a body without a length lasts until the connection closes, which is then of no further use', () => {
    expect(read([response('200 OK', 'abc')])).toEqual([]);
    expect(read([response('200 OK', 'abc')], true)).toMatchObject([{ body: 'abc', keepAlive: false }]);
  });

  test.each([
    ['no status line', 'HTTP/2 200 OK\r\n\r\n'],
    ['a folded header', 'HTTP/1.1 200 OK\r\na: b\r\n c\r\n\r\n'],
    ['a blank before the colon', 'HTTP/1.1 200 OK\r\ncontent-length : 3\r\n\r\nabc'],
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd'],
    [
      'a length and chunks',
      'HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['a length that is none', 'HTTP/1.1 200 OK\r\ncontent-length: +3\r\n\r\nabc'],
    ['another transfer coding', 'HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n'],
    ['a chunk without its size', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n'],
    ['a chunk longer than its size', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nabc\r\n'],
    ['another protocol', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
    ['a body that is too large', `HTTP/1.1 200 OK\r\ncontent-length: ${largestBody + 1}\r\n\r\n`],
    ['chunks that are too large', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffff\r\n'],
    ['an end without an end', `HTTP/1.1 200 OK\r\na: ${'b'.repeat(70_000)}`],
  ])('refuses %s', (_, text) => {
    expect(() => read([Buffer.from(text)])).toThrow(ResponseError);
  });

  test('a connection that closes in the middle of a response has not answered', () => {
    expect(() => read([response('200 OK\r\ncontent-length: 3', 'ab')], true)).toThrow(ResponseError);
  });

  test('however the octets are cut, the same responses come out', () => {
    const chunked = fc
      .array(fc.string({ minLength: 1, maxLength: 20, unit: 'binary' }), { maxLength: 5 })
      .map((parts) => ({
        body: parts.join(''),
        octets: response(
          '200 OK\r\nTransfer-Encoding: chunked',
          `${parts.map((part) => `${Buffer.byteLength(part).toString(16)};x=y\r\n${part}\r\n`).join('')}0\r\na: b\r\n\r\n`,
        ),
      }));
    const counted = fc.string({ maxLength: 100, unit: 'binary' }).map((body) => ({
      body,
      octets: response(`200 OK\r\ncontent-length: ${Buffer.byteLength(body)}`, body),
    }));
    fc.assert(
      fc.property(
        fc.array(fc.oneof(chunked, counted), { minLength: 1, maxLength: 4 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
        (responses, lengths) => {
          const octets = Buffer.concat(responses.map((one) => one.octets));
          const chunks: Buffer[] = [];
          for (let at = 0, turn = 0; at < octets.length; turn += 1) {
            const length = lengths[turn % lengths.length] ?? 1;
            chunks.push(octets.subarray(at, at + length));
            at += length;
          }
          expect(bodyOf(read(chunks))).toEqual(responses.map(({ body }) => Buffer.from(body).toString()));
        },
      ),
    );
  });

  test('broken responses are refused, with nothing but a ResponseError', () => {
    const good = response('200 OK\r\ntransfer-encoding: chunked', '3\r\nabc\r\n0\r\n\r\n').toString('latin1');
    fc.assert(
      fc.property(fc.nat(good.length), fc.nat(10), fc.uint8Array({ maxLength: 12 }), (at, left, noise) => {
        const octets = Buffer.concat([
          Buffer.from(good.slice(0, at), 'latin1'),
          noise,
          Buffer.from(good.slice(at + left), 'latin1'),
        ]);
        try {
          read([octets], true);
        } catch (error) {
          expect(error).toBeInstanceOf(ResponseError);
        }
      }),
    );
  });
});
