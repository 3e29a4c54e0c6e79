import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestNetwork, type TestNetwork } from '../testing/network.ts';

let net: TestNetwork;
beforeAll(async () => {
  net = await startTestNetwork();
});
afterAll(() => net?.[Symbol.asyncDispose]());

test('a login is placed at the NAS it came through, by its MAC address and port', async () => {
  const service = await net.order();
  await net.online(service);
  interface Answer {
    readonly servedAt: {
      device: { name: string };
      via: string;
      portName: string | null;
      source: string;
    } | null;
  }
  const ask = async () =>
    (
      await net.tenant.data<{ _entities: Answer[] }>(
        'network',
        `query ($r: [_Any!]!) { _entities(representations: $r) { ... on Service { servedAt { device { name } via portName source } } } }`,
        { r: [{ __typename: 'Service', id: service.serviceId }] },
      )
    )._entities[0] as Answer;
  const { servedAt } = await net.tenant.eventually(ask, (answer) => answer.servedAt !== null);
  expect(servedAt).toMatchObject({ device: { name: 'bng-1' }, via: 'NAS_PORT', source: 'NAS-Port of bng-1' });
  const line = await net.tenant.services.database
    .selectFrom('network.sessionLine')
    .selectAll()
    .where('serviceId', '=', service.serviceId)
    .executeTakeFirstOrThrow();
  expect(line).toMatchObject({ mac: service.mac, deviceId: net.deviceId, port: servedAt?.portName });
});
