import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestNetwork, type TestNetwork } from './testing/network.ts';

let isp: TestNetwork;
beforeAll(async () => {
  isp = await startTestNetwork();
});
afterAll(() => isp?.[Symbol.asyncDispose]());

const conflict = '... on ConflictError { reason field holderId }';
const make = async (field: string, type: string, input: object) => {
  const made = await isp.mutate(field, input, `... on ${type} { id } ${conflict}`);
  return made;
};
const idOf = async (...args: Parameters<typeof make>) => String((await make(...args)).id);

test('a NAS that would have what another has is refused by field and holder, when registered and when changed', async () => {
  const pinned = 'AB'.repeat(32);
  const first = await idOf('registerNas', 'Nas', {
    name: 'first',
    sourceAddress: '192.0.2.21',
    secret: 'of the first',
    profile: 'generic',
    certificateName: 'first.example',
  });
  const second = await idOf('registerNas', 'Nas', {
    name: 'second',
    certificateFingerprint: pinned,
    profile: 'generic',
  });
  const third = await idOf('registerNas', 'Nas', {
    name: 'third',
    sourceAddress: '192.0.2.23',
    secret: 'of the third',
    profile: 'generic',
  });
  const takenWords = [
    { wanted: { name: ' first ' }, field: 'input.name', holderId: first },
    { wanted: { sourceAddress: '192.0.2.21' }, field: 'input.sourceAddress', holderId: first },
    { wanted: { certificateName: 'First.Example' }, field: 'input.certificateName', holderId: first },
    { wanted: { certificateFingerprint: pinned }, field: 'input.certificateFingerprint', holderId: second },
  ];
  for (const { wanted, field, holderId } of takenWords) {
    const expected = { code: 'CONFLICT', reason: 'DUPLICATE_NAS', field, holderId };
    expect(await make('updateNas', 'Nas', { id: third, ...wanted })).toMatchObject(expected);
    const fresh = {
      name: 'fresh',
      sourceAddress: '192.0.2.29',
      secret: 'of a fresh one',
      profile: 'generic',
    };
    const refused = await make('registerNas', 'Nas', { ...fresh, ...wanted });
    expect(refused).toMatchObject(expected);
    expect(refused.message).toContain(holderId === first ? '"first"' : '"second"');
  }
  // Its own is not somebody else's; an address that is free is taken.
  expect(
    await make('updateNas', 'Nas', { id: first, name: 'first', sourceAddress: '192.0.2.21' }),
  ).toMatchObject({
    id: first,
  });
  expect(await make('updateNas', 'Nas', { id: third, sourceAddress: '192.0.2.24' })).toMatchObject({
    id: third,
  });
  await isp.tenant.eventually(
    async () => [isp.module.policy.findNas('192.0.2.23'), isp.module.policy.findNas('192.0.2.24')?.id],
    ([before, after]) => before === null && after === third,
  );
  const nowhere = { code: 'VALIDATION' };
  expect(await make('updateNas', 'Nas', { id: third, sourceAddress: null })).toMatchObject(nowhere);
});

test('so is everything else that has a name of its own', async () => {
  const block = { cidr: '100.65.0.0/26' };
  for (const [field, type, more, other] of [
    ['registerDevice', 'Device', {}, {}],
    ['createSite', 'Site', {}, {}],
    ['createDeviceGroup', 'DeviceGroup', {}, {}],
    ['createAddressPool', 'AddressPool', block, { cidr: '100.66.0.0/26' }],
  ] as const) {
    const holderId = await idOf(field, type, { name: 'only one', ...more });
    expect(holderId).not.toBe('undefined');
    const refused = await make(field, type, { name: 'only one', ...more, ...other });
    expect(refused, field).toMatchObject({ reason: 'DUPLICATE_NAME', field: 'input.name', holderId });
  }
  expect(await make('createAddressPool', 'AddressPool', { name: 'another', ...block })).toMatchObject({
    reason: 'POOL_OVERLAP',
    field: null,
  });
  const other = await idOf('registerDevice', 'Device', { name: 'another' });
  expect(await make('updateDevice', 'Device', { id: other, name: 'only one' })).toMatchObject({
    reason: 'DUPLICATE_NAME',
    field: 'input.name',
  });
});
