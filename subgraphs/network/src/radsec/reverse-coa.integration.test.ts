import { rm } from 'node:fs/promises';
import { answerDynamicAuthorization, type DynamicAuthorizationAnswer } from '@dotmac/lab/radius';
import { type Attribute, packetCodes, RadSecClient, sharedSecret, standardDictionary } from '@dotmac/radius';
import { type Certificate, TestAuthority } from '@dotmac/radius/certificates';
import { installed } from '@dotmac/radius/free-radius';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startTestNetwork, type TestNetwork } from '../testing/network.ts';
import type { TestService } from '../testing/subscribers.ts';

describe.skipIf(!installed('openssl', 'version'))(
  'a NAS that is told of changes over its own connection',
  () => {
    let isp: TestNetwork;
    let authority: TestAuthority;
    let theirs: Certificate;
    let ada: TestService;
    let nas: RadSecClient;
    let told: { kind: string; attributes: Record<string, unknown> }[];
    let answer: DynamicAuthorizationAnswer;
    beforeAll(async () => {
      authority = await TestAuthority.create();
      const ours = await authority.issue('radius.example');
      theirs = await authority.issue('cpe.example');
      isp = await startTestNetwork();
      const fields = '... on SetRadSecResult { fingerprint }';
      const input = {
        certificate: ours.cert,
        privateKey: ours.key,
        authorities: authority.authority.cert,
      };
      const { fingerprint } = await isp.mutate('setRadSec', { ...input, mode: 'PLAN' }, fields);
      await isp.mutate('setRadSec', { ...input, mode: 'APPLY', fingerprint }, fields);
      const { id } = await isp.mutate(
        'registerNas',
        { name: 'behind NAT', profile: 'mikrotik', certificateName: 'cpe.example' },
        '... on Nas { id }',
      );
      await isp.tenant.eventually(
        async () => isp.module.nasOf(String(id)),
        (known) => known !== null,
      );
    });
    afterAll(async () => {
      await isp?.[Symbol.asyncDispose]();
      if (authority !== undefined) await rm(authority.folder, { recursive: true, force: true });
    });
    beforeEach(async () => {
      told = [];
      answer = { ack: true };
      ada = await isp.order();
      await isp.tenant.eventually(
        () => isp.explain(ada.username, ada.password),
        ({ decision }) => decision === 'ACCEPT',
      );
      const dictionary = standardDictionary();
      nas = new RadSecClient({
        host: '127.0.0.1',
        port: isp.server.radSec?.port ?? 0,
        serverName: 'radius.example',
        key: theirs.key,
        cert: theirs.cert,
        ca: authority.authority.cert,
        onRequest: (packet, reply) => {
          const sent = answerDynamicAuthorization(
            packet,
            sharedSecret('radsec'),
            dictionary,
            (kind, request) => {
              const attributes = request.attributes.map(({ name, value }) => [name, value] as const);
              told.push({ kind, attributes: Object.fromEntries(attributes) });
              return answer;
            },
          );
          if (sent != null) reply(sent);
        },
      });
      const attributes: Attribute[] = [
        { name: 'Acct-Status-Type', value: 'Start' },
        { name: 'Acct-Session-Id', value: ada.username },
        { name: 'User-Name', value: ada.username },
        { name: 'Calling-Station-Id', value: ada.mac },
        { name: 'Framed-IP-Address', value: '100.64.0.9' },
      ];
      const { reply } = await nas.exchange({
        code: packetCodes['Accounting-Request'],
        replyCodes: [packetCodes['Accounting-Response']],
        messageAuthenticator: true,
        attributes,
      });
      expect(reply).not.toBeNull();
    });
    afterEach(() => nas.close());

    const unanswered = async () => {
      const { nases } = await isp.tenant.data<{
        nases: { name: string; health: { unansweredRequests: number } }[];
      }>('network', '{ nases { name health { unansweredRequests } } }');
      return nases.find(({ name }) => name === 'behind NAT')?.health.unansweredRequests;
    };
    const radiusSteps = async () => {
      const [change] = await isp.changesOf(ada.serviceId);
      return (
        change?.steps.filter(({ protocol }) => protocol === 'radius').map(({ message }) => message ?? '') ??
        []
      );
    };
    /** Once the newest change says so; what took too long is tried again. */
    const tried = (how: RegExp) =>
      isp.tenant.eventually(radiusSteps, (messages) => messages.some((message) => how.test(message)));

    test('a lock reaches the live session by CoA, and what it answers is on record', async () => {
      await isp.lock(ada, ['BILLING']);
      await tried(/^CoA-Request: ACK after .*, sent once$/);
      expect(told[0]).toMatchObject({
        kind: 'CoA',
        attributes: { 'Acct-Session-Id': ada.username, 'Mikrotik-Address-List': 'dotmac-suspended' },
      });
      // It has no address that would be worth naming.
      expect(told[0]?.attributes).not.toHaveProperty('NAS-IP-Address');
    });

    test('what it refuses falls back to Disconnect over the same connection', async () => {
      answer = { ack: false, errorCause: 401 };
      await isp.lock(ada, ['BILLING']);
      await isp.tenant.eventually(
        async () => told.map(({ kind }) => kind),
        (kinds) => kinds.includes('Disconnect'),
      );
      expect(told.slice(0, 2).map(({ kind }) => kind)).toEqual(['CoA', 'Disconnect']);
    });

    test('while it keeps no connection, the attempt says so and nothing is sent', async () => {
      await nas.close();
      await isp.tenant.eventually(
        async () => isp.module.radSec.connections.length,
        (connected) => connected === 0,
      );
      const before = await unanswered();
      await isp.lock(ada, ['BILLING']);
      await tried(/NOT_CONNECTED/);
      expect(told).toEqual([]);
      expect(await unanswered()).toBe(before);
    });

    test('a packet trace shows with which certificate each packet came and went', async () => {
      const started = await isp.mutate(
        'startPacketTrace',
        { serviceId: ada.serviceId, minutes: 5, reason: 'test' },
        '... on PacketTrace { id }',
      );
      const { reply } = await nas.exchange({
        code: packetCodes['Access-Request'],
        replyCodes: [packetCodes['Access-Accept']],
        messageAuthenticator: true,
        attributes: [
          { name: 'User-Name', value: ada.username },
          { name: 'User-Password', value: ada.password },
          { name: 'Calling-Station-Id', value: ada.mac },
        ],
      });
      expect(reply).not.toBeNull();
      await isp.lock(ada, ['BILLING']);
      interface Traced {
        code: string | null;
        certificate: { names: string[]; issuer: string; fingerprint: string } | null;
      }
      const packets = await isp.tenant.eventually(
        async () => {
          const { packetTraces } = await isp.tenant.data<{
            packetTraces: { id: string; entries: Traced[] }[];
          }>('network', '{ packetTraces { id entries { code certificate { names issuer fingerprint } } } }');
          const entries = packetTraces.find(({ id }) => id === started.id)?.entries ?? [];
          return new Map(entries.map(({ code, certificate }) => [code, certificate]));
        },
        (known) => known.has('CoA-ACK'),
      );
      const fingerprint = isp.module.radSec.connections.at(-1)?.certificate.fingerprint;
      for (const code of ['Access-Request', 'Access-Accept', 'CoA-Request', 'CoA-ACK'])
        expect(packets.get(code), code).toEqual({
          names: ['cpe.example'],
          issuer: expect.stringMatching(/./),
          fingerprint,
        });
    });

    test('an operator’s disconnect goes the same way', async () => {
      const { sessions } = await isp.tenant.data<{
        sessions: { edges: { node: { id: string; username: string } }[] };
      }>('network', '{ sessions(first: 20) { edges { node { id username } } } }');
      const sessionId = sessions.edges.find(({ node }) => node.username === ada.username)?.node.id;
      const selection = '... on DisconnectSessionResult { fingerprint outcome evidence }';
      const plan = await isp.mutate('disconnectSession', { sessionId, mode: 'PLAN' }, selection);
      const { fingerprint } = plan;
      const done = await isp.mutate(
        'disconnectSession',
        { sessionId, mode: 'APPLY', fingerprint },
        selection,
      );
      expect(told, JSON.stringify([plan, done])).toMatchObject([{ kind: 'Disconnect' }]);
    });
  },
);
