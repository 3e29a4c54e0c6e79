import assert from 'node:assert/strict';
import type { Report } from '../report.ts';
import { type BenchQuery, composeSupergraph, queries } from './graph.ts';
import { offer, percentile } from './latency.ts';
import { type Client, cpuPerRequest, createClient, median } from './load.ts';
import { type ServerProcess, startServer } from './servers/child.ts';
import { installHive } from './servers/install-hive.ts';

const hive = '@graphql-hive/gateway';

interface Contestant {
  readonly name: string;
  /** How figures call it when it is ours; the others are peers. */
  readonly ours?: string;
  readonly server: ServerProcess;
  readonly client: Client;
}

const rounds = 7;
/** Long enough for the engine to have optimised whatever runs often. */
const warmUpRounds = 4;
/** Requests of one round: a second or two of work for the slowest. */
const requestsOf: Readonly<Record<string, number>> = {
  'one fetch': 1000,
  'four fetches, 5 KB': 500,
  'deep, 85 KB': 100,
};
const concurrency = 8;

/** Of what the slowest can do, the part that is offered to everybody; and for how long, in seconds, each time. */
const offeredPart = 0.5;
const offeredSeconds = 3;
const offeredRounds = 5;

/**
 * CPU time of the gateway per request, ours against Apollo's and Hive's, in alternating rounds of one run; then how long
 * requests take at the same offered load. After that the CPU time again, ours against Hive's, with both merging equal
 * fetches that are under way.
 */
export async function run(report: Report): Promise<void> {
  const subgraphs = await startServer('subgraphs.ts', null);
  const supergraphSdl = composeSupergraph(subgraphs.urls);
  const contestants: Contestant[] = [];
  const add = async (name: string, script: string, extra: object = {}, ours: { ours?: string } = {}) => {
    const server = await startServer(script, { supergraphSdl, urls: subgraphs.urls, ...extra });
    contestants.push({ name, server, client: createClient(server), ...ours });
  };
  try {
    await add('own gateway', 'own.ts', {}, { ours: '' });
    await add('own executor', 'executor.ts', {}, { ours: ', executor behind bare HTTP' });
    await add('@apollo/server + @apollo/gateway', 'stock.ts');
    try {
      await add(hive, 'hive.ts', { folder: await installHive() });
    } catch (error) {
      report.note(`left out @graphql-hive/gateway, it could not be installed or started: ${error}`);
    }
    for (const query of queries) {
      const slowest = await compare(report, query, contestants);
      const whole = contestants.filter(({ ours }) => (ours !== undefined ? ours === '' : true));
      await compareLatency(report, query, whole, Math.max(1, Math.floor((offeredPart * 1e6) / slowest)));
    }
    await stop(contestants.splice(0));
    try {
      const merging = { merges: true };
      await add('own gateway', 'own.ts', merging, { ours: ', equal fetches merged' });
      await add(hive, 'hive.ts', { folder: await installHive(), ...merging });
    } catch (error) {
      report.note(
        `left out merged fetches, @graphql-hive/gateway could not be installed or started: ${error}`,
      );
      return;
    }
    for (const query of queries) await compare(report, query, contestants);
  } finally {
    await stop(contestants);
    await subgraphs.stop();
  }
}

async function stop(contestants: readonly Contestant[]): Promise<void> {
  for (const { client, server } of contestants) {
    await client.close();
    await server.stop();
  }
}

/** The 99th percentile at one rate for all, in alternating rounds; each side's is the median of its rounds. */
async function compareLatency(
  report: Report,
  query: BenchQuery,
  contestants: readonly Contestant[],
  perSecond: number,
): Promise<void> {
  const measured = new Map<string, number[]>(contestants.map(({ name }) => [name, []]));
  for (let round = 0; round < offeredRounds; round += 1) {
    for (const { name, client } of contestants) {
      const times = await offer(client, query, { perSecond, seconds: offeredSeconds });
      measured.get(name)?.push(percentile(times, 0.99));
    }
  }
  const p99 = (name: string) => median(measured.get(name) ?? []);
  const [own, ...peers] = contestants;
  for (const peer of peers) {
    report.figure({
      metric: `p99 at ${perSecond} requests/s offered, ${query.name}`,
      value: Number(p99(own?.name ?? '').toFixed(2)),
      unit: 'ms',
      peer: peer.name,
      peerValue: Number(p99(peer.name).toFixed(2)),
      ratio: Number((p99(peer.name) / p99(own?.name ?? '')).toFixed(2)),
    });
  }
}

/** Returns the CPU time per request of the one that takes most, in microseconds. */
async function compare(
  report: Report,
  query: BenchQuery,
  contestants: readonly Contestant[],
): Promise<number> {
  const size = await compareAnswers(query, contestants);
  report.note(
    `${query.name}: ${size} bytes, equal answers of ${contestants.map(({ name }) => name).join(', ')}`,
  );
  const requests = requestsOf[query.name] ?? 400;
  const measured = new Map<string, number[]>(contestants.map(({ name }) => [name, []]));
  for (let round = -warmUpRounds; round < rounds; round += 1) {
    for (const { name, server, client } of contestants) {
      const cpu = await cpuPerRequest(server, client, query, requests, concurrency);
      if (round >= 0) measured.get(name)?.push(cpu);
    }
  }
  const cpuOf = ({ name }: Contestant) => median(measured.get(name) ?? []);
  for (const own of contestants.filter(({ ours }) => ours !== undefined)) {
    for (const peer of contestants.filter(({ ours }) => ours === undefined)) {
      report.figure({
        metric: `CPU per request, ${query.name}${own.ours}`,
        value: Math.round(cpuOf(own)),
        unit: 'µs',
        peer: peer.name,
        peerValue: Math.round(cpuOf(peer)),
        ratio: Number((cpuOf(peer) / cpuOf(own)).toFixed(2)),
      });
    }
  }
  return Math.max(...contestants.map(cpuOf));
}

/** Equal data, or there is nothing to compare; against Apollo also the same text. Returns its length in bytes. */
async function compareAnswers(query: BenchQuery, contestants: readonly Contestant[]): Promise<number> {
  const answers: string[] = [];
  for (const { client } of contestants) answers.push((await client.ask(query)).trim());
  const [own = '', ...others] = answers;
  assert.ok('data' in JSON.parse(own) && !('errors' in JSON.parse(own)), own.slice(0, 500));
  for (const [index, other] of others.entries()) {
    // Hive orders fields in its own way.
    if (contestants[index + 1]?.name === hive) assert.deepEqual(JSON.parse(other), JSON.parse(own));
    else assert.equal(other, own);
  }
  return Buffer.byteLength(own);
}
