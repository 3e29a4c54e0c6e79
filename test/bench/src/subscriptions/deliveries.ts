import { generateSigningKey } from '@dotmac/platform';
import { median } from '../gateway/load.ts';
import { type ServerProcess, startServer } from '../gateway/servers/child.ts';
import type { Report } from '../report.ts';
import { composeSupergraph } from './graph.ts';

const subscribers = 100;
const eventsPerRound = 100;
const rounds = 5;
/** Until the engine has optimised what runs once per event too: the shared side runs that a hundred times less. */
const warmUpRounds = 10;
const connected = 5_000;
const sites = 50;
const eventsPerSecond = 50;
const seconds = 20;

interface Delivered {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly worst: number;
  readonly broken: number;
}

/**
 * CPU time per event delivered, of the gateway and with the subgraphs: 100 equal subscribers who share one execution, and 100 whose
 * subscriptions differ in a variable that changes nothing, so that each is executed for itself, by the same
 * executor. Then delivery times with 5,000 clients connected.
 */
export async function run(report: Report): Promise<void> {
  await compare(report);
  await manyClients(report);
}

async function compare(report: Report): Promise<void> {
  await using shared = await startWorld();
  await using naive = await startWorld();
  await shared.clients(`/open?count=${subscribers}&sites=1&shared=true`);
  await naive.clients(`/open?count=${subscribers}&sites=1&shared=false`);
  const measured = [shared, naive].map((world) => ({ world, gateway: [] as number[], all: [] as number[] }));
  for (let round = -warmUpRounds; round < rounds; round += 1) {
    for (const { world, gateway, all } of measured) {
      const [gatewayBefore, sourceBefore] = [await world.gateway.cpu(), await world.source.cpu()];
      await world.emit(eventsPerRound, 100, 1);
      await world.clients(`/deliveries?count=${subscribers * eventsPerRound}`);
      const ofGateway = (await world.gateway.cpu()) - gatewayBefore;
      const ofSource = (await world.source.cpu()) - sourceBefore;
      if (round < 0) continue;
      gateway.push(ofGateway / (subscribers * eventsPerRound));
      all.push((ofGateway + ofSource) / (subscribers * eventsPerRound));
    }
  }
  for (const [of, figures] of [
    ['gateway', measured.map(({ gateway }) => median(gateway))],
    ['gateway and subgraphs', measured.map(({ all }) => median(all))],
  ] as const) {
    const [own = 0, peer = 0] = figures;
    report.figure({
      metric: `CPU per delivery of ${of}, ${subscribers} equal subscribers`,
      value: Number(own.toFixed(1)),
      unit: 'µs',
      peer: 'the same gateway without sharing',
      peerValue: Number(peer.toFixed(1)),
      ratio: Number((peer / own).toFixed(1)),
    });
  }
}

async function manyClients(report: Report): Promise<void> {
  await using world = await startWorld();
  await world.clients(`/open?count=${connected}&sites=${sites}&shared=true`);
  const perEvent = connected / sites;
  const measure = async (events: number) => {
    const done = world.clients<Delivered>(`/deliveries?count=${events * perEvent}`);
    await world.emit(events, eventsPerSecond, sites);
    return done;
  };
  await measure(eventsPerSecond * 3);
  const started = performance.now();
  const [gatewayBefore, loadBefore] = [await world.gateway.cpu(), await world.load.cpu()];
  const { p50, p99, worst, broken } = await measure(eventsPerSecond * seconds);
  const elapsed = (performance.now() - started) * 1000;
  const gatewayShare = ((await world.gateway.cpu()) - gatewayBefore) / elapsed;
  const loadShare = ((await world.load.cpu()) - loadBefore) / elapsed;
  const of = `${connected} clients in ${sites} topics, ${eventsPerSecond} events/s, ${perEvent * eventsPerSecond} deliveries/s`;
  const figure = (metric: string, value: number, unit: string) =>
    report.figure({ metric: `${metric}, ${of}`, value: Number(value.toFixed(2)), unit });
  figure('delivery p50', p50, 'ms');
  figure('delivery p99', p99, 'ms');
  figure('delivery worst', worst, 'ms');
  figure('CPU of the gateway', gatewayShare * 100, '% of a core');
  figure('CPU of the load generator', loadShare * 100, '% of a core');
  figure('memory of the gateway', (await world.gateway.memory()) / 2 ** 20, 'MiB');
  if (broken > 0) report.note(`${broken} connections broke`);
}

interface World extends AsyncDisposable {
  readonly source: ServerProcess;
  readonly gateway: ServerProcess;
  readonly load: ServerProcess;
  clients<Answer = object>(path: string): Promise<Answer>;
  emit(count: number, rate: number, sites: number): Promise<void>;
}

async function startWorld(): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const start = async (script: string, argument: object) => {
    const server = await startServer(`../../subscriptions/servers/${script}`, argument);
    stack.defer(() => server.stop());
    return server;
  };
  const { privatePem, publicPem } = generateSigningKey('gateway-1');
  const source = await start('subgraphs.ts', { publicPem });
  const gateway = await start('gateway.ts', {
    supergraphSdl: composeSupergraph(),
    origin: source.urls.origin,
    privatePem,
  });
  const load = await start('clients.ts', {
    url: gateway.urls.gateway,
    authorization: gateway.headers?.authorization,
  });
  const built = stack.move();
  return {
    source,
    gateway,
    load,
    clients: async (path) => (await fetch(`${load.urls.control}${path}`)).json(),
    async emit(count, rate, of) {
      await fetch(`${source.urls.control}/emit?count=${count}&rate=${rate}&sites=${of}`);
    },
    [Symbol.asyncDispose]: () => built.disposeAsync(),
  };
}
