import { expect, test } from 'vitest';
import { DuplicateCache } from './duplicate-cache.ts';

const peer = { address: '192.0.2.1', port: 1025, send: () => {} };

function request(identifier: number, authenticator: number): Buffer {
  const packet = Buffer.alloc(20, authenticator);
  packet[1] = identifier;
  return packet;
}

test('an answered request leaves its entry to the next of its key, and is then known no more', () => {
  const cache = new DuplicateCache(5_000);
  const [first, second] = [request(1, 0xa1), request(1, 0xb2)];
  const entry = cache.begin(peer, first, 0);
  const reply = Buffer.from('first');
  entry.reply = reply;
  expect(cache.find(peer, first)?.reply).toBe(reply);
  const next = cache.begin(peer, second, 1);
  expect(next).toBe(entry);
  expect([next.reply, next.room]).toEqual([null, reply]);
  expect(cache.find(peer, first)).toBeNull();
  expect(cache.find(peer, second)).toBe(next);
});

test('one in progress is not taken away from whoever answers it', () => {
  const cache = new DuplicateCache(5_000);
  const first = cache.begin(peer, request(1, 0xa1), 0);
  const second = cache.begin(peer, request(1, 0xb2), 1);
  expect(second).not.toBe(first);
  first.reply = Buffer.from('late');
  expect(cache.find(peer, request(1, 0xb2))?.reply).toBeNull();
  cache.forget(peer, 1, first);
  expect(cache.find(peer, request(1, 0xb2)), 'only its own is forgotten').toBe(second);
});

test('an entry taken over from the older generation lives on with the younger', () => {
  const cache = new DuplicateCache(5_000);
  const first = cache.begin(peer, request(1, 0xa1), 0);
  first.reply = Buffer.from('first');
  cache.begin(peer, request(2, 0xa1), 5_000);
  const second = cache.begin(peer, request(1, 0xb2), 5_001);
  expect(second).toBe(first);
  second.reply = Buffer.from('second');
  cache.begin(peer, request(3, 0xa1), 10_000);
  expect(cache.find(peer, request(1, 0xb2))?.reply?.toString()).toBe('second');
  cache.begin(peer, request(4, 0xa1), 15_000);
  expect(cache.find(peer, request(1, 0xb2))).toBeNull();
});
