import { expect, test } from 'vitest';
import { Turns } from './turns.ts';

test('work on the same name waits for its turn, other work does not, work on everything waits for all', async () => {
  const turns = new Turns();
  const log: string[] = [];
  const gates = new Map<string, () => void>();
  const begin = (label: string, names: readonly string[] | null) =>
    turns.take(names === null ? null : new Set(names), async () => {
      log.push(label);
      await new Promise<void>((resolve) => gates.set(label, resolve));
    });
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  const all = [
    begin('a', ['ada']),
    begin('b', ['ada', 'bob']),
    begin('c', ['cid']),
    begin('all', null),
    begin('d', ['cid']),
  ];
  await settled();
  expect(log).toEqual(['a', 'c']);
  gates.get('a')?.();
  await settled();
  expect(log).toEqual(['a', 'c', 'b']);
  gates.get('b')?.();
  await settled();
  gates.get('c')?.();
  await settled();
  expect(log).toEqual(['a', 'c', 'b', 'all']);
  gates.get('all')?.();
  await settled();
  expect(log).toEqual(['a', 'c', 'b', 'all', 'd']);
  gates.get('d')?.();
  await Promise.all(all);
});

test('a failure goes to who asked for the work; the next one has its turn', async () => {
  const turns = new Turns();
  const failed = turns.take(new Set(['ada']), () => Promise.reject(new Error('lost')));
  const next = turns.take(new Set(['ada']), () => Promise.resolve('done'));
  await expect(failed).rejects.toThrow('lost');
  expect(await next).toBe('done');
});
