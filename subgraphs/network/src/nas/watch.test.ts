import type { Anomaly } from '@dotmac/radius';
import { expect, test } from 'vitest';
import { adviceOn, NasWatch } from './watch.ts';

const anomaly: Anomaly = {
  kind: 'BAD_AUTHENTICATOR',
  sourceAddress: '192.0.2.1',
  nasId: 'nas_1',
  detail: null,
  count: 1,
  at: 1_000,
};

test('what was seen of a NAS adds up', () => {
  const watch = new NasWatch();
  watch.login('nas_1', 1, null);
  watch.login('nas_1', 2, 'BAD_PASSWORD');
  watch.login('nas_1', 3, 'BAD_PASSWORD');
  expect(watch.health('nas_1')).toMatchObject({ accepts: 1, loginAt: 3, accountingAt: null });
  expect([...watch.health('nas_1').rejects]).toEqual([['BAD_PASSWORD', 2]]);
  expect(watch.health('nas_2').loginAt).toBeNull();
});

test('a problem is one from its first occurrence on, and the newest comes first', () => {
  const watch = new NasWatch();
  watch.anomaly(anomaly);
  watch.anomaly({ ...anomaly, kind: 'UNKNOWN_NAS', sourceAddress: '192.0.2.9', nasId: null, at: 2_000 });
  watch.anomaly({ ...anomaly, count: 9, at: 3_000 });
  expect(watch.problems()).toMatchObject([
    { kind: 'BAD_AUTHENTICATOR', count: 10, firstAt: 1_000, lastAt: 3_000 },
    { kind: 'UNKNOWN_NAS', count: 1 },
  ]);
  expect(watch.problems('nas_1')).toHaveLength(1);
  expect(watch.problems().map(adviceOn).join()).toContain('wrong secret');
});

test('a flood of addresses forgets the oldest and stays bounded', () => {
  const watch = new NasWatch();
  for (let n = 0; n < 5_000; n++) watch.anomaly({ ...anomaly, sourceAddress: `10.0.${n >> 8}.${n & 255}` });
  expect(watch.problems()).toHaveLength(1_000);
  expect(watch.problems()[0]?.sourceAddress).toBe('10.0.19.135');
});
