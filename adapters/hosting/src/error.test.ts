import { describe, expect, it } from 'vitest';
import { writingState } from './error.ts';

const failing = (code: string, message = code) =>
  writingState('state', () => Promise.reject(Object.assign(new Error(message), { code })));

describe('writingState', () => {
  it.each([
    ['ENOSPC', 'STATE_FOLDER_FULL'],
    ['EDQUOT', 'STATE_FOLDER_FULL'],
    ['EACCES', 'STATE_FOLDER_UNWRITABLE'],
    ['EROFS', 'STATE_FOLDER_UNWRITABLE'],
  ])('names %s as %s', async (errno, code) => {
    await expect(failing(errno)).rejects.toMatchObject({ code, message: expect.stringContaining('state') });
  });

  it('understands what programs say in words', async () => {
    await expect(failing('1', 'cp: error writing: No space left on device')).rejects.toMatchObject({
      code: 'STATE_FOLDER_FULL',
    });
  });

  it('passes everything else on', async () => {
    await expect(failing('ECONNREFUSED')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(await writingState('state', () => Promise.resolve(7))).toBe(7);
  });
});
