import { expect, test } from 'vitest';
import { type Attribute, encodeAttributes } from '../attribute/encode.ts';
import { standardDictionary } from '../dictionary/standard.ts';
import { buildRequest, verifyReply } from '../packet/build.ts';
import { packetCodes } from '../packet/codes.ts';
import { sharedSecret } from '../packet/shared-secret.ts';
import { type AccountingRecord, accountingAttributes } from './accounting-record.ts';
import { AccountingServer } from './accounting-server.ts';
import { type Anomaly, AnomalyReporter } from './anomaly.ts';
import { createCounters } from './counters.ts';

const dictionary = standardDictionary();
const secret = sharedSecret('acct');

/** A sink whose commits end when the test says so. */
function setUp(mostQueued = 100) {
  const clock = { at: 1_800_000_000_000, now: () => clock.at };
  const anomalies: Anomaly[] = [];
  const replies: Buffer[] = [];
  const commits: { batch: readonly AccountingRecord[]; done: () => void; fail: (error: Error) => void }[] =
    [];
  const counters = createCounters();
  const server = new AccountingServer(
    {
      clock,
      dictionary,
      counters,
      anomalies: new AnomalyReporter(clock, (anomaly) => anomalies.push(anomaly)),
      policy: {
        findNas: () => ({
          id: 'nas-1',
          secrets: [secret],
          requireMessageAuthenticator: 'NO',
          limitProxyState: false,
        }),
        authenticate: () => ({ kind: 'DISCARD', reason: 'NOT_HERE' }),
      },
    },
    {
      mostPerBatch: 50,
      mostQueued,
      mostAgeMs: 1000,
      sink: {
        record: (batch) =>
          new Promise((resolve, reject) => commits.push({ batch, done: resolve, fail: reject })),
      },
    },
  );
  let identifier = 0;
  const request = (attributes: readonly Attribute[] = []) =>
    buildRequest({
      code: packetCodes['Accounting-Request'],
      identifier: identifier++ & 255,
      secret,
      messageAuthenticator: false,
      attributes: encodeAttributes(dictionary, [
        { name: 'Acct-Status-Type', value: 'Interim-Update' },
        { name: 'Acct-Session-Id', value: `s${identifier}` },
        ...attributes,
      ]),
    });
  const handle = (datagram: Buffer) =>
    server.handle(datagram, {
      address: '192.0.2.1',
      port: 1025,
      send: (reply) => replies.push(Buffer.from(reply)),
    });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return { server, clock, anomalies, replies, commits, counters, request, handle, turn };
}

test('answered only after the commit; duplicates in progress are ignored, later ones get the same octets', async () => {
  const { handle, request, replies, commits, turn } = setUp();
  const sent = request();
  handle(sent);
  handle(sent);
  await turn();
  expect([commits.length, replies.length]).toEqual([1, 0]);
  commits[0]?.done();
  await turn();
  expect(replies).toHaveLength(1);
  expect(verifyReply(replies[0] as Buffer, sent, secret)).toBeNull();
  handle(sent);
  expect(replies[1]).toEqual(replies[0]);
  expect(commits).toHaveLength(1);
});

test('what arrives together is committed together, two commits at a time, the rest waits', async () => {
  const { handle, request, commits, turn, server } = setUp();
  for (let index = 0; index < 30; index++) handle(request());
  await turn();
  for (let index = 0; index < 30; index++) handle(request());
  await turn();
  for (let index = 0; index < 40; index++) handle(request());
  await turn();
  expect([commits.map(({ batch }) => batch.length), server.queued]).toEqual([[30, 30], 40]);
  commits[0]?.done();
  await turn();
  await turn();
  expect(commits.map(({ batch }) => batch.length)).toEqual([30, 30, 40]);
});

test('a failed commit answers nobody, and the retransmission is a new request', async () => {
  const { handle, request, replies, commits, anomalies, turn } = setUp();
  const sent = request();
  handle(sent);
  await turn();
  commits[0]?.fail(new Error('connection lost'));
  await turn();
  expect(replies).toHaveLength(0);
  expect(anomalies).toMatchObject([{ kind: 'ACCOUNTING_FAILED', detail: 'connection lost' }]);
  handle(sent);
  await turn();
  commits[1]?.done();
  await turn();
  expect(replies).toHaveLength(1);
});

test('the queue is bounded and what is too old is shed unanswered', async () => {
  const { handle, request, commits, counters, clock, turn, replies } = setUp(10);
  handle(request());
  await turn();
  handle(request());
  await turn();
  for (let index = 0; index < 12; index++) handle(request());
  expect(counters.accountingShed).toBe(2);
  clock.at += 1001;
  commits[0]?.done();
  await turn();
  await turn();
  expect(counters.accountingShed).toBe(12);
  expect([commits.length, replies.length]).toEqual([2, 1]);
});

test('event time: Event-Timestamp of a credible clock, else arrival less Acct-Delay-Time', async () => {
  const { handle, request, commits, clock, anomalies, turn } = setUp();
  const seconds = clock.at / 1000;
  const stamp = (value: number) => ({ name: 'Event-Timestamp', value });
  const delay = (value: number) => ({ name: 'Acct-Delay-Time', value });
  handle(request([stamp(seconds - 20), delay(15)]));
  handle(request([delay(15)]));
  handle(request([stamp(seconds - 7200), delay(7200)]));
  handle(request([stamp(seconds - 86_400)]));
  await turn();
  const ages = commits[0]?.batch.map(({ eventAt }) => (clock.at - eventAt) / 1000);
  expect(ages).toEqual([20, 15, 7200, 0]);
  expect(anomalies).toMatchObject([{ kind: 'CLOCK_SKEW', detail: '-86400 s' }]);
});

test('octets are the subscriber’s, with gigawords; absent is null; the rest can be decoded', async () => {
  const { handle, request, commits, turn } = setUp();
  handle(
    request([
      { name: 'Acct-Input-Octets', value: 1 },
      { name: 'Acct-Input-Gigawords', value: 0xffffffff },
      { name: 'Acct-Output-Octets', value: 2 },
      { name: 'Framed-IPv6-Prefix', value: '2001:db8:1::/64' },
      { name: 'Delegated-IPv6-Prefix', value: '2001:db8:7::/56' },
      { name: 'Framed-IPv6-Address', value: '2001:db8:1::9' },
      { name: 'Class', value: Buffer.from([1]) },
      { name: 'Class', value: Buffer.from([2]) },
    ]),
  );
  handle(request());
  await turn();
  const [full, bare] = (commits[0]?.batch ?? []) as AccountingRecord[];
  expect(full).toMatchObject({
    upstreamOctets: (0xffffffffn << 32n) + 1n,
    downstreamOctets: 2n,
    classes: ['01', '02'],
    framedIpv6Prefix: '2001:db8:1::/64',
    delegatedIpv6Prefix: '2001:db8:7::/56',
    framedIpv6Address: '2001:db8:1::9',
  });
  expect(bare).toMatchObject({
    status: 'INTERIM',
    upstreamOctets: null,
    downstreamOctets: null,
    framedIpAddress: null,
  });
  expect(accountingAttributes(full as AccountingRecord, dictionary)).toContainEqual(
    expect.objectContaining({ name: 'Framed-IPv6-Prefix', value: '2001:db8:1::/64' }),
  );
});
