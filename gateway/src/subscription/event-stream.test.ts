import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EventStreamError, EventStreamParser } from './event-stream.ts';

const octets = (text: string) => new TextEncoder().encode(text);

describe('an event stream', () => {
  test('is read line by line, with any line ending', () => {
    const parser = new EventStreamParser();
    const text = ':\n\nid: 1\nevent: next\ndata: {"a":\r\ndata:1}\r\n\r\nevent:complete\rdata\r\r';
    expect(parser.push(octets(`${text}x`))).toEqual([
      { event: 'next', data: '{"a":\n1}' },
      { event: 'complete', data: '' },
    ]);
  });

  test('gives the same events however it is cut', () => {
    const text = fc
      .stringMatching(/^[^\r\n\uFEFF]{0,20}$/u)
      .filter((value) => !/[\uD800-\uDFFF]/.test(value));
    const stream = fc.array(
      fc.record({
        event: fc.constantFrom('next', 'complete'),
        data: text,
        end: fc.constantFrom('\n', '\r\n', '\r'),
      }),
    );
    fc.assert(
      fc.property(stream, fc.array(fc.nat(12)), (events, cuts) => {
        const bytes = octets(
          events.map(({ event, data, end }) => `event: ${event}${end}data: ${data}${end}${end}`).join(''),
        );
        const parser = new EventStreamParser();
        const read: object[] = [];
        let position = 0;
        for (const cut of [...cuts, bytes.length]) {
          read.push(...parser.push(bytes.subarray(position, position + cut)));
          position += cut;
        }
        // A carriage return at the very end may be half an ending: the next octet tells.
        read.push(...parser.push(octets(':')));
        expect(read).toEqual(events.map(({ event, data }) => ({ event, data })));
      }),
      { numRuns: 200 },
    );
  });

  test('is refused when an event is too large or no UTF-8', () => {
    expect(() => new EventStreamParser(100).push(octets(`data: ${'x'.repeat(200)}`))).toThrow(
      EventStreamError,
    );
    expect(() => new EventStreamParser(100).push(octets('data: xxxxxxxxx\n'.repeat(20)))).toThrow(
      'too large',
    );
    expect(() => new EventStreamParser().push(new Uint8Array([0x64, 0xff, 0xfe]))).toThrow('no UTF-8');
  });

  test('survives any octets', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (chunks) => {
        const parser = new EventStreamParser(100);
        try {
          for (const chunk of chunks) parser.push(chunk);
        } catch (error) {
          expect(error).toBeInstanceOf(EventStreamError);
        }
      }),
      { numRuns: 300 },
    );
  });
});
