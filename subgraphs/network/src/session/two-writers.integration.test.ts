import { sharedSecret } from '@dotmac/radius';
import fc from 'fast-check';
import type { KyselyPlugin } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LoginMemory } from '../aaa/memory.ts';
import { NasMemory } from '../aaa/nas-memory.ts';
import { NasWatch } from '../nas/watch.ts';
import { startTestNetwork, type TestNetwork } from '../testing/network.ts';
import { SessionRecorder } from './record.ts';
import type { SessionNews } from './rules.ts';

let isp: TestNetwork;
let nasId: string;
const stopping = new AbortController();
beforeAll(async () => {
  isp = await startTestNetwork();
  const { nases } = await isp.tenant.data<{ nases: { id: string }[] }>('network', '{ nases { id } }');
  nasId = nases[0]?.id ?? '';
});
afterAll(async () => {
  stopping.abort();
  await isp?.[Symbol.asyncDispose]();
});

/**
 * As another process has it: it hears of nothing that the other one commits.
 * @param onStatement told of every statement that it sends, but for those that begin and end transactions.
 */
async function recorder(onStatement: () => void = () => {}): Promise<SessionRecorder> {
  const { services } = isp.tenant;
  const nases = new NasMemory({ services, sharedSecret, now: Date.now, watch: new NasWatch() });
  const memory = new LoginMemory(services, nases, () => {});
  await memory.start(stopping.signal);
  const counting: KyselyPlugin = {
    transformQuery: ({ node }) => node,
    async transformResult({ result }) {
      onStatement();
      return result;
    },
  };
  const writer = services.ownConnections('accounting', 2).withPlugin(counting);
  const database = services.database.withPlugin(counting);
  return new SessionRecorder({ writer, database }, services.clock, memory);
}

const began = 1_800_000_000_000;

/** Start, interims and Stop of a session; the counters are what the NAS would have counted. */
function packetsOf(username: string, interims: readonly number[]): SessionNews[] {
  const about = {
    nasId,
    deviceId: null,
    nativeId: '81',
    username,
    serviceId: null,
    address: null,
    mac: null,
    wraps: false,
  };
  let octets = 0n;
  const later = interims.map((used, index) => {
    octets += BigInt(used);
    return { seconds: (index + 1) * 300, octets };
  });
  const packet = (status: SessionNews['status'], seconds: number, downstreamOctets: bigint): SessionNews => ({
    ...about,
    status,
    at: began + seconds * 1000,
    sessionTimeSeconds: seconds,
    downstreamOctets,
    upstreamOctets: downstreamOctets / 7n,
    terminateCause: status === 'STOP' ? 'User-Request' : null,
  });
  return [
    packet('START', 0, 0n),
    ...later.map(({ seconds, octets: sum }) => packet('INTERIM', seconds, sum)),
    packet('STOP', (interims.length + 1) * 300, octets + 1n),
  ];
}

test('two processes that write the same sessions, in any order and however often: one session each, its final octets, one end', async () => {
  const recorders = await Promise.all([recorder(), recorder()]);
  let run = 0;
  const plan = fc.record({
    sessions: fc.array(fc.array(fc.integer({ min: 0, max: 2 ** 33 }), { maxLength: 5 }), {
      minLength: 1,
      maxLength: 4,
    }),
    order: fc.infiniteStream(fc.record({ rank: fc.nat(1_000), writer: fc.nat(1), twice: fc.boolean() })),
    batch: fc.integer({ min: 1, max: 6 }),
  });
  await fc.assert(
    fc.asyncProperty(plan, async ({ sessions, order, batch }) => {
      run++;
      const all = sessions.map((interims, index) => packetsOf(`shared-${run}-${index}`, interims));
      const deals = order[Symbol.iterator]();
      const dealt = all
        .flat()
        .flatMap((news) => {
          const { rank, writer, twice } = deals.next().value as {
            rank: number;
            writer: number;
            twice: boolean;
          };
          const other = { news, rank: 1_000 - rank, writer: 1 - writer };
          return twice ? [{ news, rank, writer }, other] : [{ news, rank, writer }];
        })
        .sort((a, b) => a.rank - b.rank);
      // A session begins with one of them, whatever packet that is; the unique index holds two beginnings apart.
      const firsts = all.map(([news]) => dealt.find((one) => one.news.username === news?.username));
      for (const first of firsts)
        if (first !== undefined) await recorders[0]?.record({ news: [first.news], restarts: [] });
      await Promise.all(
        recorders.map(async (one, index) => {
          const mine = dealt.filter(({ writer }) => writer === index).map(({ news }) => news);
          for (let at = 0; at < mine.length; at += batch)
            await one.record({ news: mine.slice(at, at + batch), restarts: [] });
        }),
      );
      const stored = await isp.tenant.services.database
        .selectFrom('network.session')
        .select(['username', 'downstreamOctets', 'upstreamOctets', 'sessionTimeSeconds', 'terminateCause'])
        .where('username', 'like', `shared-${run}-%`)
        .orderBy('username')
        .execute();
      expect(stored).toEqual(
        all.map((packets) => ({
          username: packets[0]?.username,
          downstreamOctets: String(packets.at(-1)?.downstreamOctets),
          upstreamOctets: String(packets.at(-1)?.upstreamOctets),
          sessionTimeSeconds: BigInt(packets.at(-1)?.sessionTimeSeconds ?? 0),
          terminateCause: 'User-Request',
        })),
      );
    }),
    { numRuns: 40 },
  );
  // What was told of is what came about: every session stopped once.
  const stops = (
    await isp.tenant.services.events.read(0n, { types: ['session.stopped'], limit: 10_000 })
  ).filter(({ payload }) => 'username' in payload && String(payload.username).startsWith('shared-'));
  expect(new Set(stops.map(({ payload }) => (payload as { sessionId: string }).sessionId)).size).toBe(
    stops.length,
  );
});

test('a NAS with 5,000 sessions that restarts ends them by one statement and tells of each by another', async () => {
  let statements = 0;
  const one = await recorder(() => statements++);
  const news = Array.from({ length: 5_000 }, (_, index) => {
    const [start] = packetsOf(`rebooted-${index}`, []);
    return start as SessionNews;
  });
  for (let at = 0; at < news.length; at += 500)
    await one.record({ news: news.slice(at, at + 500), restarts: [] });
  statements = 0;
  const ended = await one.record({ news: [], restarts: [{ nasId, at: began + 60_000 }] });
  expect(statements).toBe(2);
  expect(ended.filter(({ username }) => username.startsWith('rebooted-'))).toHaveLength(5_000);
  expect(new Set(ended.map(({ terminateCause }) => terminateCause))).toEqual(new Set(['NAS-Reboot']));
  const { count } = await isp.tenant.services.database
    .selectFrom('events.event')
    .select(({ fn }) => fn.countAll<bigint>().as('count'))
    .where('type', '=', 'session.stopped')
    .where('payload', '@>', JSON.stringify({ cause: 'NAS-Reboot' }) as never)
    .executeTakeFirstOrThrow();
  expect(count).toBe(5_000n);
});
