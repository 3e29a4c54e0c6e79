import type { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import * as ws from 'ws';
import { nextFrame, textFrame } from './frame.ts';

/** The parser of the ws library, which its types leave out. */
const { Receiver } = ws as unknown as { Receiver: new (options: object) => Writable };

/** What a client makes of a frame. */
function receive(frame: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const receiver = new Receiver({ isServer: false });
    receiver.on('message', (data: Buffer, isBinary: boolean) => {
      if (isBinary) reject(new Error('The frame is binary'));
      else resolve(data.toString());
    });
    receiver.on('error', reject);
    receiver.write(frame);
  });
}

test.each([0, 125, 126, 65_535, 65_536])('a text of %i octets arrives', async (length) => {
  const text = 'x'.repeat(length);
  expect(await receive(textFrame(text))).toBe(text);
});

test('length counts octets, not characters', async () => {
  const text = 'ü€😀'.repeat(20);
  expect(await receive(textFrame(text))).toBe(text);
});

test('equal ids share a frame, others have their own', async () => {
  const delivery = { text: '{"data":1}', cursor: null };
  const first = nextFrame(delivery, '"1"');
  expect(nextFrame(delivery, '"1"')).toBe(first);
  expect(await receive(nextFrame(delivery, '"2"'))).toBe('{"id":"2","type":"next","payload":{"data":1}}');
  expect(await receive(nextFrame(delivery, '"1"'))).toBe('{"id":"1","type":"next","payload":{"data":1}}');
});
