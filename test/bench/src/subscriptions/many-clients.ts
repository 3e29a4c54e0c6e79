import type { Report } from '../report.ts';
import { startWorld } from './world.ts';

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

/** Delivery times with 5,000 clients connected to one gateway process. */
export async function run(report: Report): Promise<void> {
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
