import { DeviceError } from '@dotmac/device';
import { expect, test } from 'vitest';
import { Pacing } from './pacing.ts';

test('a burst goes at once, then so many a second; each NAS by itself; a pause gives the burst back', () => {
  const clock = { at: 5_000, now: () => clock.at };
  const pacing = new Pacing(clock, 10, 3);
  const waits = (nas: string, count: number) => Array.from({ length: count }, () => pacing.take(nas));
  expect(waits('a', 6)).toEqual([0, 0, 0, 100, 200, 300]);
  expect(waits('b', 1)).toEqual([0]);
  clock.at += 10_000;
  expect(waits('a', 4)).toEqual([0, 0, 0, 100]);
});

test('a cancelled wait is a typed error', async () => {
  const pacing = new Pacing({ now: () => 0 }, 0.001, 0);
  const refused = await pacing.turn('a', AbortSignal.abort()).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(DeviceError);
  expect(refused).toMatchObject({ code: 'CANCELLED' });
});
