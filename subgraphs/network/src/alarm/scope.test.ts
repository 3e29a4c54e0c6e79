import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AlarmValue } from './apply.ts';
import { everywhere, inForce, nearness, sameSide } from './scope.ts';

const here = { deviceId: 'dev_1', siteId: 'sit_1', groupIds: ['dgr_1', 'dgr_2'] };
const hot: AlarmValue = {
  metric: 'SENSOR_VALUE',
  about: { sensorId: 'sen_1' },
  value: 50,
  words: 'board at 50',
  sensor: { class: 'temperature', name: 'Board' },
};
const rule = (id: string, scope: object, more: object = {}) => ({
  id,
  metric: 'SENSOR_VALUE' as const,
  sensorClass: 'temperature',
  sensorName: null,
  raiseBelow: null,
  ...everywhere,
  ...scope,
  ...more,
});
const idsOf = (rules: readonly { id: string }[]) => rules.map(({ id }) => id);

test('a device counts more than a group, a group more than a site, a site more than everywhere', () => {
  const all = rule('all', {});
  const site = rule('site', { siteId: 'sit_1' });
  const group = rule('group', { groupId: 'dgr_2' });
  const device = rule('device', { deviceId: 'dev_1' });
  expect(idsOf(inForce([all, site, group, device], hot, here))).toEqual(['device']);
  expect(idsOf(inForce([all, site, group], hot, here))).toEqual(['group']);
  expect(idsOf(inForce([all, site], hot, here))).toEqual(['site']);
  expect(idsOf(inForce([all], hot, here))).toEqual(['all']);
});

test('a rule for elsewhere holds nowhere here and takes no place; equally near ones all count', () => {
  const all = [rule('warning', {}), rule('critical', {})];
  const elsewhere = [
    rule('device', { deviceId: 'dev_2' }),
    rule('site', { siteId: 'sit_2' }),
    rule('group', { groupId: 'dgr_3' }),
  ];
  expect(idsOf(inForce([...all, ...elsewhere], hot, here))).toEqual(['warning', 'critical']);
  expect(idsOf(inForce(elsewhere, hot, { ...here, siteId: null, groupIds: [] }))).toEqual([]);
});

test('what must not be low takes no place of what must not be high, nor do rules about other sensors', () => {
  const all = rule('all', {});
  const cold = rule('cold', { deviceId: 'dev_1' }, { raiseBelow: 5 });
  const volts = rule('volts', { deviceId: 'dev_1' }, { sensorClass: 'voltage' });
  const named = rule('named', { deviceId: 'dev_1' }, { sensorName: 'inlet' });
  expect(idsOf(inForce([all, cold, volts, named], hot, here))).toEqual(['all', 'cold']);
});

test('of all that concern a reading and hold there only the nearest of each side are in force', () => {
  const scope = fc.constantFrom(
    {},
    { deviceId: 'dev_1' },
    { deviceId: 'dev_2' },
    { siteId: 'sit_1' },
    { siteId: 'sit_2' },
    { groupId: 'dgr_1' },
    { groupId: 'dgr_3' },
  );
  const rules = fc.array(
    fc
      .tuple(scope, fc.constantFrom(null, 5))
      .map(([where, raiseBelow]) => rule('any', where, { raiseBelow })),
  );
  fc.assert(
    fc.property(rules, (some) => {
      const force = inForce(some, hot, here);
      for (const one of some) {
        const rivals = some
          .filter((other) => sameSide(other, one))
          .map((other) => nearness(other, here) ?? -1);
        const nearest = nearness(one, here) !== null && nearness(one, here) === Math.max(...rivals);
        expect(force.includes(one)).toBe(nearest);
      }
    }),
  );
});
