import { expect, test } from 'vitest';
import { awaitDatabase } from './await-database.ts';

/** Fails with these codes, one after the other, and then answers. */
function failing(...codes: string[]): () => Promise<string> {
  return async () => {
    const code = codes.shift();
    if (code === undefined) return 'here';
    throw Object.assign(new Error(`failed with ${code}`), { code });
  };
}

test('a database that is not there yet, or starts up, is asked again', async () => {
  expect(await awaitDatabase(failing('ENOENT', 'ECONNREFUSED', '57P03'), 60_000)).toBe('here');
});

test('a wrong password is no reason to wait', async () => {
  await expect(awaitDatabase(failing('ENOENT', '28P01', 'ENOENT'), 60_000)).rejects.toThrow('28P01');
});

test('after the deadline the last failure is told', async () => {
  await expect(awaitDatabase(failing('ENOENT'), -1)).rejects.toThrow('ENOENT');
});
