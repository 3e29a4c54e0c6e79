import {
  decodeAttributes,
  extendDictionary,
  packetCodes,
  RadiusClient,
  type RadiusServer,
  sharedSecret,
  standardDictionary,
  startRadiusServer,
  verifyPassword,
} from '@dotmac/radius';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { radiusSecret } from '../testing/access-router.ts';
import { startTestNetwork, type TestNetwork } from '../testing/network.ts';

const homeSecret = 'the-home-secret';
const acme = `VENDOR Acme 60009
BEGIN-VENDOR Acme
ATTRIBUTE Acme-Level 16 integer
ATTRIBUTE Acme-Ticket 20 string encrypt=2
END-VENDOR Acme
`;
const { dictionary } = extendDictionary(standardDictionary(), [{ file: 'acme', text: acme }]);

let isp: TestNetwork;
let home: RadiusServer;
let nas: RadiusClient;
let heard: (readonly [string, unknown])[] = [];
beforeAll(async () => {
  isp = await startTestNetwork();
  nas = new RadiusClient({ dictionary });
  home = await startRadiusServer({
    host: '127.0.0.1',
    authPort: 0,
    acctPort: null,
    dictionary,
    policy: {
      findNas: () => ({
        id: 'us',
        secrets: [sharedSecret(homeSecret)],
        requireMessageAuthenticator: 'AUTO',
        limitProxyState: true,
      }),
      authenticate: (request) => {
        const { packet, scan, authenticator, secret } = request;
        const revealed = decodeAttributes(packet.subarray(20, scan.length), dictionary, {
          authenticator,
          secret,
        });
        heard = revealed.map(({ name, value }) => [name, value] as const);
        return verifyPassword(request, 'opensesame')
          ? {
              kind: 'ACCEPT',
              attributes: [
                { name: 'Acme-Level', value: 7 },
                { name: 'Acme-Ticket', value: 'back' },
              ],
            }
          : { kind: 'REJECT', reason: 'BAD_PASSWORD' };
      },
    },
  });
});
afterAll(async () => {
  await nas?.close();
  await isp?.[Symbol.asyncDispose]();
  await home?.close();
});

async function applied(field: string, input: object, result: string): Promise<void> {
  const selection = `... on ${result} { fingerprint }`;
  const { fingerprint } = await isp.mutate(field, { ...input, mode: 'PLAN' }, selection);
  const done = await isp.mutate(field, { ...input, mode: 'APPLY', fingerprint }, selection);
  expect(done.__typename).toBe(result);
}
async function login() {
  const { reply } = await nas.exchange({
    host: '127.0.0.1',
    port: isp.server.authPort ?? 0,
    secret: sharedSecret(radiusSecret),
    code: packetCodes['Access-Request'],
    replyCodes: [packetCodes['Access-Accept'], packetCodes['Access-Reject']],
    attributes: [
      { name: 'User-Name', value: 'roamer@partner.example' },
      { name: 'User-Password', value: 'opensesame' },
      { name: 'Acme-Level', value: 3 },
      { name: 'Acme-Ticket', value: 'forth' },
    ],
    messageAuthenticator: true,
    waitsMs: [2_000, 2_000],
  });
  return reply?.attributes.map(({ name, value }) => [name, value]) ?? [];
}

test('what is encrypted by an added dictionary is revealed and hidden anew on its way to a home server and back', async () => {
  await applied(
    'setRealm',
    {
      name: 'partner.example',
      servers: [{ host: '127.0.0.1', authPort: home.authPort, secret: homeSecret }],
    },
    'SetRealmResult',
  );
  // Without it, it passes as the octets it has, which are hidden with the secret of another hop.
  await login();
  expect(heard).toContainEqual(['Acme-Level', 3]);
  expect(heard).not.toContainEqual(['Acme-Ticket', 'forth']);

  await applied('addRadiusDictionary', { name: 'acme', text: acme }, 'AddRadiusDictionaryResult');
  const answer = await login();
  expect(heard).toEqual(
    expect.arrayContaining([
      ['Acme-Level', 3],
      ['Acme-Ticket', 'forth'],
    ]),
  );
  expect(answer).toEqual(
    expect.arrayContaining([
      ['Acme-Level', 7],
      ['Acme-Ticket', 'back'],
    ]),
  );
});
