import type { Writable } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as ws from 'ws';
import { nextFrames } from './frames.ts';

/** Not among its types. */
const { Receiver } = ws as unknown as { Receiver: new (options: object) => Writable };

/** What ws's own reader makes of these octets. */
function messagesIn(octets: Buffer): string[] {
  const messages: string[] = [];
  const receiver = new Receiver({ isServer: false });
  receiver.on('message', (data: Buffer, isBinary: boolean) => {
    expect(isBinary).toBe(false);
    messages.push(data.toString());
  });
  receiver.write(octets);
  return messages;
}

const lengths = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.constantFrom(60_000, 65_535, 65_536, 70_000));

test('every delivery is one whole message, of any length, for any id', () => {
  fc.assert(
    fc.property(
      fc.array(lengths, { minLength: 1, maxLength: 4 }),
      fc.string(),
      fc.string(),
      (sizes, a, b) => {
        const deliveries = sizes.map((size) => ({ text: JSON.stringify({ data: `ü${'x'.repeat(size)}` }) }));
        for (const id of [a, b, b]) {
          const messages = messagesIn(nextFrames(JSON.stringify(id), deliveries));
          expect(messages.map((text) => JSON.parse(text))).toEqual(
            deliveries.map(({ text }) => ({ id, type: 'next', payload: JSON.parse(text) })),
          );
        }
      },
    ),
    { numRuns: 50 },
  );
});
