import { type Attribute, packetCodes, RadiusClient, sharedSecret } from '@dotmac/radius';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { radiusSecret } from '../testing/access-router.ts';
import { startTestNetwork, type TestNetwork } from '../testing/network.ts';
import type { TestService } from '../testing/subscribers.ts';

let isp: TestNetwork;
let ada: TestService;
let nasId: string;
const client = new RadiusClient();
beforeAll(async () => {
  isp = await startTestNetwork();
  ada = await isp.order();
  await isp.tenant.eventually(
    () => isp.explain(ada.username, ada.password),
    ({ decision }) => decision === 'ACCEPT',
  );
  nasId = isp.module.policy.findNas('127.0.0.1')?.id ?? '';
});
afterAll(async () => {
  await client.close();
  await isp?.[Symbol.asyncDispose]();
});

/** Silence is looked for in a short time, an answer for as long as it takes. */
const taken = (signed: boolean, more: readonly Attribute[] = []) =>
  answered(signed, more, Array(10).fill(1_000));
const dropped = async (signed: boolean, more: readonly Attribute[] = []) =>
  !(await answered(signed, more, [300, 300]));
async function answered(signed: boolean, more: readonly Attribute[], waitsMs: readonly number[]) {
  const { reply } = await client.exchange({
    host: '127.0.0.1',
    port: isp.server.authPort ?? 0,
    secret: sharedSecret(radiusSecret),
    code: packetCodes['Access-Request'],
    replyCodes: [packetCodes['Access-Accept']],
    attributes: [
      { name: 'User-Name', value: ada.username },
      { name: 'User-Password', value: ada.password },
      { name: 'Calling-Station-Id', value: ada.mac },
      ...more,
    ],
    messageAuthenticator: signed,
    waitsMs,
  });
  return reply !== null;
}
const fields = 'requireMessageAuthenticator messageAuthenticatorSeen limitProxyState';
async function set(change: object) {
  const nas = await isp.mutate('updateNas', { id: nasId, ...change }, `... on Nas { ${fields} }`);
  await isp.tenant.eventually(
    async () => isp.module.nasOf(nasId),
    (held) =>
      held?.requireMessageAuthenticator === nas.requireMessageAuthenticator &&
      held?.limitProxyState === nas.limitProxyState,
  );
  return nas;
}
const proxied = [{ name: 'Proxy-State', value: Buffer.from('hop') }];

test('which logins are taken unsigned is said per NAS and holds at once; what was seen is shown', async () => {
  expect(await set({ requireMessageAuthenticator: 'NO' })).toMatchObject({
    requireMessageAuthenticator: 'NO',
    messageAuthenticatorSeen: false,
    limitProxyState: true,
  });
  expect(await taken(false)).toBe(true);
  // CVE-2024-3596: what a proxy forwards must be signed even so.
  expect(await dropped(false, proxied)).toBe(true);
  await set({ limitProxyState: false });
  expect(await taken(false, proxied)).toBe(true);
  await set({ requireMessageAuthenticator: 'YES' });
  expect(await dropped(false)).toBe(true);
  expect(await taken(true)).toBe(true);
  const { nas } = await isp.tenant.eventually(
    () =>
      isp.tenant.data<{ nas: { messageAuthenticatorSeen: boolean } }>(
        'network',
        'query ($id: ID!) { nas(id: $id) { messageAuthenticatorSeen } }',
        { id: nasId },
      ),
    (data) => data.nas.messageAuthenticatorSeen,
  );
  expect(nas.messageAuthenticatorSeen).toBe(true);
  // AUTO: it has signed, so it must.
  await set({ requireMessageAuthenticator: 'AUTO' });
  expect(await dropped(false)).toBe(true);
  await set({ requireMessageAuthenticator: 'NO' });
  expect(await taken(false)).toBe(true);
});

test('a new NAS is AUTO and limits Proxy-State unless it is said otherwise', async () => {
  const register = (name: string, sourceAddress: string, more: object = {}) =>
    isp.mutate(
      'registerNas',
      { name, sourceAddress, secret: 'of a new one', profile: 'generic', ...more },
      `... on Nas { ${fields} }`,
    );
  expect(await register('usual', '192.0.2.41')).toMatchObject({
    requireMessageAuthenticator: 'AUTO',
    limitProxyState: true,
  });
  const said = { requireMessageAuthenticator: 'YES', limitProxyState: false };
  expect(await register('said', '192.0.2.42', said)).toMatchObject(said);
});
