import { type SimulatedNas, startNas } from '@dotmac/lab/radius';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually, graphOf, type Subscriber, subscribersOf } from './graph.ts';
import { startLoad } from './lines.ts';
import { type Stack, startStack } from './stack.ts';

/** What passes between two kills. */
const sessionsBetween = 60;
const lines = 24;

let stack: Stack;
let nas: SimulatedNas;
let subscribers: Subscriber[];
beforeAll(async () => {
  stack = await startStack({ demo: true, durable: true });
  const graph = graphOf(stack.url, await stack.token('OWNER'));
  const secret = 'kill-secret';
  // A NAS that says everything again until it is answered.
  const waitsMs = Array.from({ length: 600 }, () => 200);
  nas = await startNas({ secret, authHost: '127.0.0.1', ...stack.radius, waitsMs });
  const names = Array.from({ length: lines + 1 }, (_, index) => `line${index}`);
  subscribers = await subscribersOf(graph, { secret, coaPort: nas.coaPort }, names);
  await graph.mutate('lockService', {
    serviceId: subscribers[0]?.serviceId,
    reason: 'ABUSE',
    because: 'spam',
  });
  const blocked = async () => {
    const { rows } = await sql`select from network.access where mode = 'BLOCKED'`.execute(stack.database);
    return rows.length;
  };
  await eventually(blocked, (count) => count === 1);
}, 240_000);
afterAll(async () => {
  await nas?.close();
  await stack?.[Symbol.asyncDispose]();
});

interface Stored {
  readonly nativeId: string;
  readonly username: string;
  readonly octets: string;
  /** Terminate cause; `live` before it has one. */
  readonly cause: string;
}

/** One of the connections that accounting is answered by: its server then ends all of them. */
async function killBackend(): Promise<void> {
  const { rows } = await sql<{ pid: number }>`select pid from pg_stat_activity
    where application_name like '%accounting' order by backend_start limit 1`.execute(stack.database);
  const [backend] = rows;
  if (backend === undefined) throw new Error('Accounting has no connection');
  process.kill(backend.pid, 'SIGKILL');
}

test('whatever of an ISP is killed under load, logins and accounting are answered again, nothing answered is lost and nothing counted twice', async () => {
  const [suspended, ...entitled] = subscribers;
  if (suspended === undefined) throw new Error('Nobody is suspended');
  const load = startLoad(nas, entitled, suspended);
  await load.progress(sessionsBetween);

  // What answers RADIUS.
  for (let round = 0; round < 2; round++) {
    await stack.tenant.kill();
    await stack.tenant.start();
    await load.progress(sessionsBetween);
  }
  await killBackend();
  await load.progress(sessionsBetween);
  // The database; without it everything goes on.
  await stack.postgres.kill();
  await load.progress(sessionsBetween);
  await stack.postgres.resume();
  await load.progress(sessionsBetween);
  // What answers, with a spool that nobody has handed over; nothing is answered until its database is back.
  await stack.postgres.kill();
  await load.progress(sessionsBetween);
  await stack.tenant.kill();
  const starting = stack.tenant.start();
  await stack.postgres.resume();
  await starting;
  await load.progress(sessionsBetween);
  await load.end();

  expect([load.refused, load.suspended.admitted]).toEqual([[], 0]);
  const told = new Map(load.told.map((session) => [session.nativeId, session]));
  /** Sessions that are stored otherwise than told, twice, or not at all. */
  const differing = async () => {
    const { rows } =
      await sql<Stored>`select native_id as "nativeId", username, downstream_octets::text as octets,
      coalesce(terminate_cause, 'live') as cause from network.session`.execute(stack.database);
    const open = new Map(told);
    const wrong = rows.filter(({ nativeId, username, octets, cause }) => {
      const said = open.get(nativeId);
      open.delete(nativeId);
      return (
        said?.username !== username || said.downstreamOctets !== BigInt(octets) || cause !== 'User-Request'
      );
    });
    return { missing: [...open.keys()].slice(0, 5), wrong: wrong.slice(0, 5) };
  };
  await eventually(differing, ({ missing, wrong }) => missing.length + wrong.length === 0);

  const total = load.told.reduce((sum, { downstreamOctets }) => sum + downstreamOctets, 0n);
  const counted = async () => {
    const { rows } = await sql<{ sum: string }>`
      select coalesce(sum(downstream_octets), 0)::text as sum from network.usage_hour`.execute(
      stack.database,
    );
    return BigInt(rows[0]?.sum ?? 0);
  };
  expect(await eventually(counted, (sum) => sum >= total)).toBe(total);
}, 240_000);
