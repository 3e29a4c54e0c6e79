import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { median } from '../gateway/load.ts';
import { installHive } from '../gateway/servers/install-hive.ts';
import type { Report } from '../report.ts';
import { startPeerWorld, startWorld, type World } from './world.ts';

const subscribers = 100;
const eventsPerRound = 50;
const eventsPerSecond = 100;
const rounds = 5;
/**
 * Rounds until the engine has optimised what runs once per event: where that is a hundred times per event, fewer do, and
 * take long enough.
 */
const warmUpRounds = { shared: 20, unshared: 4 };

interface Contestant {
  readonly name: string;
  readonly world: World;
  readonly warmUps: number;
  readonly gateway: number[];
  readonly all: number[];
}

/**
 * CPU time per event delivered, of the gateway and with the subgraphs, with 100 equal subscribers whose events take a field
 * of a second subgraph. Ours, which executes once for all of them, against those that execute for each:
 * - graphql-ws over Apollo's planner and execution, with a subscription to the subgraph by graphql-sse for each client;
 * - Hive Gateway as its own program serves WebSockets;
 * - our own when the subscriptions differ in a variable that changes nothing.
 */
export async function run(report: Report): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const contestants: Contestant[] = [];
  const add = async (
    name: string,
    starting: Promise<World>,
    { shared = true, warmUps = warmUpRounds.unshared },
  ) => {
    const world = stack.use(await starting);
    await world.clients(`/open?count=${subscribers}&sites=1&shared=${shared}`);
    await untilAllHear(world);
    contestants.push({ name, world, warmUps, gateway: [], all: [] });
  };
  await add('own gateway', startWorld(), { warmUps: warmUpRounds.shared });
  await add('graphql-ws + @apollo/gateway', startPeerWorld('graphql-ws.ts'), {});
  try {
    const folder = await installHive();
    await add('@graphql-hive/gateway', startPeerWorld('hive.ts', { folder }), {});
  } catch (error) {
    report.note(`left out @graphql-hive/gateway, it could not be installed or started: ${error}`);
  }
  await add('the same gateway without sharing', startWorld(), { shared: false });
  await compareEvents(report, contestants);
  for (let round = -warmUpRounds.shared; round < rounds; round += 1)
    for (const contestant of contestants)
      if (round >= -contestant.warmUps) await measure(contestant, round >= 0);
  for (const [of, medianOf] of [
    ['gateway', ({ gateway }: Contestant) => median(gateway)],
    ['gateway and subgraphs', ({ all }: Contestant) => median(all)],
  ] as const) {
    const [own, ...peers] = contestants.map((contestant) => ({ ...contestant, value: medianOf(contestant) }));
    for (const { name, value } of peers)
      report.figure({
        metric: `CPU per delivery of ${of}, ${subscribers} equal subscribers`,
        value: Number((own?.value ?? 0).toFixed(1)),
        unit: 'µs',
        peer: name,
        peerValue: Number(value.toFixed(1)),
        ratio: Number((value / (own?.value ?? 0)).toFixed(1)),
      });
  }
}

/** Most do not say when a subscription has begun: events are sent until each has had one. */
async function untilAllHear({ clients, emit }: World): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    await emit(1, eventsPerSecond, 1);
    await pause(50);
    const { least } = await clients<{ least: number }>('/least');
    if (least > 0) return;
  }
  throw new Error('The clients hear nothing');
}

/** Equal events, or there is nothing to compare. */
async function compareEvents(report: Report, contestants: readonly Contestant[]): Promise<void> {
  const seen: object[] = [];
  for (const { world } of contestants) {
    let cursor = '0';
    // Up to a cursor that all of them have not had yet.
    while (Number(cursor) < 150) cursor = await world.emit(1, 1000, 1);
    await world.clients(`/settled?cursor=${cursor}`);
    seen.push(await world.clients('/event?cursor=150'));
  }
  const [own, ...others] = seen;
  assert.ok(own !== undefined && 'data' in own && !('errors' in own), JSON.stringify(own));
  for (const other of others) assert.deepEqual(other, own);
  report.note(`equal events of ${contestants.map(({ name }) => name).join(', ')}: ${JSON.stringify(own)}`);
}

async function measure({ world, gateway, all }: Contestant, counts: boolean): Promise<void> {
  const [gatewayBefore, sourceBefore] = [await world.gateway.cpu(), await world.source.cpu()];
  const last = await world.emit(eventsPerRound, eventsPerSecond, 1);
  await world.clients(`/settled?cursor=${last}`);
  const ofGateway = (await world.gateway.cpu()) - gatewayBefore;
  const ofSource = (await world.source.cpu()) - sourceBefore;
  if (!counts) return;
  gateway.push(ofGateway / (subscribers * eventsPerRound));
  all.push((ofGateway + ofSource) / (subscribers * eventsPerRound));
}
