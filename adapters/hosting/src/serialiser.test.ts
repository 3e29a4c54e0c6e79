import { expect, it } from 'vitest';
import { createSerialiser } from './serialiser.ts';

it('keeps the order within a key, lets other keys pass, and outlives a failure', async () => {
  const serialise = createSerialiser();
  const order: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = serialise('a', async () => {
    await gate.promise;
    order.push('a1');
    throw new Error('a1 fails');
  });
  const second = serialise('a', async () => order.push('a2'));
  await serialise('b', async () => order.push('b'));
  gate.resolve();
  await expect(first).rejects.toThrow('a1 fails');
  await second;
  expect(order).toEqual(['b', 'a1', 'a2']);
});
