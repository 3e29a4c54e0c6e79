import { expect, test } from 'vitest';
import { type DecodedPacket, decodePacket } from '../attribute/decode.ts';
import { type Attribute, encodeAttributes } from '../attribute/encode.ts';
import { verifyPassword } from '../authentication/verify.ts';
import { standardDictionary } from '../dictionary/standard.ts';
import { buildRequest, randomAuthenticator, verifyReply } from '../packet/build.ts';
import { packetCodes } from '../packet/codes.ts';
import { type SharedSecret, sharedSecret } from '../packet/shared-secret.ts';
import { AccessServer } from './access-server.ts';
import { type Anomaly, AnomalyReporter } from './anomaly.ts';
import { createCounters } from './counters.ts';
import type { Nas } from './nas.ts';
import type { AccessDecision } from './policy.ts';

const dictionary = standardDictionary();
const current = sharedSecret('new secret');
const previous = sharedSecret('old secret');

interface Sent {
  readonly attributes?: readonly Attribute[];
  readonly secret?: SharedSecret;
  readonly messageAuthenticator?: boolean;
  readonly code?: number;
}

function setUp(nas: Partial<Nas> = {}, decide?: () => AccessDecision) {
  const clock = { at: 1_000_000, now: () => clock.at };
  const anomalies: Anomaly[] = [];
  const replies: Buffer[] = [];
  const seen: string[] = [];
  let calls = 0;
  const counters = createCounters();
  const known: Nas = {
    id: 'nas-1',
    secrets: [current, previous],
    requireMessageAuthenticator: 'AUTO',
    limitProxyState: true,
    ...nas,
  };
  const server = new AccessServer(
    {
      clock,
      dictionary,
      counters,
      anomalies: new AnomalyReporter(clock, (anomaly) => anomalies.push(anomaly)),
      policy: {
        findNas: (address) => (address === '192.0.2.1' ? known : null),
        authenticate: (request) => {
          calls++;
          if (decide !== undefined) return decide();
          return verifyPassword(request, 'opensesame')
            ? { kind: 'ACCEPT' }
            : { kind: 'REJECT', reason: 'BAD_PASSWORD' };
        },
      },
    },
    { rejectDelayMs: 0, onMessageAuthenticatorSeen: ({ id }) => seen.push(id) },
    null,
  );
  const request = ({
    attributes = [],
    secret = current,
    messageAuthenticator = true,
    code = 1,
  }: Sent = {}): Buffer => {
    const authenticator = randomAuthenticator();
    const all = [
      { name: 'User-Name', value: 'alice' },
      { name: 'User-Password', value: 'opensesame' },
      ...attributes,
    ];
    return buildRequest({
      code,
      identifier: 5,
      secret,
      messageAuthenticator,
      authenticator,
      attributes: encodeAttributes(dictionary, all, { authenticator, secret }),
    });
  };
  const handle = (datagram: Buffer, address = '192.0.2.1', port = 1025): Buffer | undefined => {
    const before = replies.length;
    server.handle(datagram, { address, port, send: (reply) => replies.push(Buffer.from(reply)) });
    return replies[before];
  };
  return { server, clock, anomalies, seen, counters, request, handle, calls: () => calls };
}

const codeOf = (reply: Buffer | undefined) => reply?.[0];
const kinds = (anomalies: readonly Anomaly[]) => anomalies.map(({ kind }) => kind);

test('an accept carries a Message-Authenticator, first, whether or not the request had one', () => {
  const { handle, request } = setUp({ limitProxyState: false });
  for (const messageAuthenticator of [false, true]) {
    const sent = request({ messageAuthenticator });
    const reply = handle(sent) as Buffer;
    expect([codeOf(reply), reply[20]]).toEqual([2, 80]);
    expect(verifyReply(reply, sent, current, true)).toBeNull();
  }
});

test('both secrets of a rotation work, by Message-Authenticator and by PAP alone, and sign the reply', () => {
  for (const secret of [current, previous])
    for (const messageAuthenticator of [false, true]) {
      const { handle, request } = setUp();
      const sent = request({ secret, messageAuthenticator });
      const reply = handle(sent) as Buffer;
      expect(codeOf(reply)).toBe(packetCodes['Access-Accept']);
      expect(verifyReply(reply, sent, secret, true)).toBeNull();
    }
});

test('a wrong secret gets no answer; a NAS nobody knows neither; both are reported', () => {
  const { handle, request, anomalies, calls } = setUp();
  expect(handle(request({ secret: sharedSecret('guess') }))).toBeUndefined();
  expect(handle(request(), '198.51.100.7')).toBeUndefined();
  expect(anomalies).toMatchObject([
    { kind: 'BAD_AUTHENTICATOR', sourceAddress: '192.0.2.1', nasId: 'nas-1' },
    { kind: 'UNKNOWN_NAS', sourceAddress: '198.51.100.7', nasId: null },
  ]);
  expect(calls()).toBe(0);
});

test('requireMessageAuthenticator: NO never, YES always, AUTO once one was seen', () => {
  const bare = { messageAuthenticator: false };
  const lenient = setUp({ requireMessageAuthenticator: 'NO' });
  lenient.handle(lenient.request());
  expect(codeOf(lenient.handle(lenient.request(bare)))).toBe(2);
  const strict = setUp({ requireMessageAuthenticator: 'YES' });
  expect(strict.handle(strict.request(bare))).toBeUndefined();
  const auto = setUp({ requireMessageAuthenticator: 'AUTO' });
  expect(codeOf(auto.handle(auto.request(bare)))).toBe(2);
  expect(codeOf(auto.handle(auto.request()))).toBe(2);
  expect(auto.handle(auto.request(bare))).toBeUndefined();
  expect(auto.seen).toEqual(['nas-1']);
  expect(kinds(auto.anomalies)).toEqual(['MESSAGE_AUTHENTICATOR_MISSING']);
  const remembered = setUp({ requireMessageAuthenticator: 'AUTO', messageAuthenticatorSeen: true });
  expect(remembered.handle(remembered.request(bare))).toBeUndefined();
});

test('Proxy-State without Message-Authenticator is dropped; EAP without it always', () => {
  const { handle, request, anomalies } = setUp({ requireMessageAuthenticator: 'NO' });
  const proxied = {
    attributes: [{ name: 'Proxy-State', value: Buffer.from([1]) }],
    messageAuthenticator: false,
  };
  expect(handle(request(proxied))).toBeUndefined();
  expect(codeOf(handle(request({ ...proxied, messageAuthenticator: true })))).toBe(2);
  const eap = {
    attributes: [{ name: 'EAP-Message', value: Buffer.from([2, 1, 0, 5, 1]) }],
    messageAuthenticator: false,
  };
  expect(handle(request(eap))).toBeUndefined();
  expect(kinds(anomalies)).toEqual([
    'PROXY_STATE_WITHOUT_MESSAGE_AUTHENTICATOR',
    'MESSAGE_AUTHENTICATOR_MISSING',
  ]);
  const open = setUp({ requireMessageAuthenticator: 'NO', limitProxyState: false });
  expect(codeOf(open.handle(open.request(proxied)))).toBe(2);
});

test('a duplicate gets the same octets for at least 5 s without asking the policy again', () => {
  const { handle, request, clock, counters, calls } = setUp();
  const sent = request();
  const first = handle(sent);
  clock.at += 4_999;
  expect(handle(sent)).toEqual(first);
  expect(handle(request()), 'another authenticator is another request').not.toEqual(first);
  expect(handle(sent, '192.0.2.1', 1026), 'so is another port').toEqual(first);
  expect([calls(), counters.duplicates]).toEqual([3, 1]);
  clock.at += 20_000;
  handle(request(), '192.0.2.1', 1027);
  clock.at += 20_000;
  handle(request(), '192.0.2.1', 1028);
  handle(sent);
  expect(calls(), 'forgotten in the end').toBe(6);
});

test('Status-Server is answered with Message-Authenticator, and only if it has one', () => {
  const { handle, request } = setUp();
  const sent = request({ code: packetCodes['Status-Server'] });
  const reply = handle(sent) as Buffer;
  expect(codeOf(reply)).toBe(packetCodes['Access-Accept']);
  expect(verifyReply(reply, sent, current, true)).toBeNull();
  expect(handle(request({ code: 12, messageAuthenticator: false }))).toBeUndefined();
});

test('a reply that cannot be encoded is reported, not sent; the next request is answered', () => {
  let decision: AccessDecision = {
    kind: 'ACCEPT',
    attributes: [{ name: 'Framed-IP-Address', value: 'not one' }],
  };
  const { handle, request, anomalies } = setUp({}, () => decision);
  expect(handle(request())).toBeUndefined();
  expect(anomalies).toMatchObject([
    { kind: 'REPLY_NOT_ENCODABLE', detail: expect.stringContaining('not one') },
  ]);
  const blocks = [encodeAttributes(dictionary, [{ name: 'Session-Timeout', value: 60 }])];
  decision = { kind: 'ACCEPT', blocks, attributes: [{ name: 'Framed-Pool', value: 'p' }] };
  const reply = decodePacket(handle(request()) as Buffer, dictionary) as DecodedPacket;
  expect(reply.attributes.map(({ name }) => name)).toEqual([
    'Message-Authenticator',
    'Session-Timeout',
    'Framed-Pool',
  ]);
});

test('an anomaly is reported at once, then at most every 10 s with its count', () => {
  const { handle, request, anomalies, clock } = setUp();
  for (let round = 0; round < 5; round++) handle(request(), '198.51.100.7');
  clock.at += 10_000;
  handle(request(), '198.51.100.7');
  expect(anomalies.map(({ count }) => count)).toEqual([1, 5]);
});
