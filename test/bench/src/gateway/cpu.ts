import assert from 'node:assert/strict';
import type { Report } from '../report.ts';
import { type BenchQuery, composeSupergraph, queries } from './graph.ts';
import { type Client, cpuPerRequest, createClient, median } from './load.ts';
import { type ServerProcess, startServer } from './servers/child.ts';
import { installHive } from './servers/install-hive.ts';

interface Contestant {
  readonly name: string;
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

/** CPU time of the gateway per request, ours against Apollo's and Hive's, in alternating rounds of one run. */
export async function run(report: Report): Promise<void> {
  const subgraphs = await startServer('subgraphs.ts', null);
  const supergraphSdl = composeSupergraph(subgraphs.urls);
  const contestants: Contestant[] = [];
  const add = async (name: string, script: string, extra: object = {}) => {
    const server = await startServer(script, { supergraphSdl, urls: subgraphs.urls, ...extra });
    contestants.push({ name, server, client: createClient(server) });
  };
  try {
    await add('own', 'own.ts');
    await add('@apollo/server + @apollo/gateway', 'stock.ts');
    try {
      await add('@graphql-hive/gateway', 'hive.ts', { folder: await installHive() });
    } catch (error) {
      report.note(`left out @graphql-hive/gateway, it could not be installed or started: ${error}`);
    }
    for (const query of queries) await compare(report, query, contestants);
  } finally {
    for (const { client, server } of contestants) {
      await client.close();
      await server.stop();
    }
    await subgraphs.stop();
  }
}

async function compare(report: Report, query: BenchQuery, contestants: readonly Contestant[]): Promise<void> {
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
  const [own, ...peers] = contestants.map(({ name }) => ({ name, cpu: median(measured.get(name) ?? []) }));
  if (own === undefined) throw new Error('nothing was measured');
  for (const peer of peers) {
    report.figure({
      metric: `CPU per request, ${query.name}`,
      value: Math.round(own.cpu),
      unit: 'µs',
      peer: peer.name,
      peerValue: Math.round(peer.cpu),
      ratio: Number((peer.cpu / own.cpu).toFixed(2)),
    });
  }
}

/** Equal data, or there is nothing to compare; against Apollo also the same text. Returns its length in bytes. */
async function compareAnswers(query: BenchQuery, contestants: readonly Contestant[]): Promise<number> {
  const answers: string[] = [];
  for (const { client } of contestants) answers.push((await client.ask(query)).trim());
  const [own = '', stock, ...others] = answers;
  assert.ok('data' in JSON.parse(own) && !('errors' in JSON.parse(own)), own.slice(0, 500));
  if (stock !== undefined) assert.equal(own, stock);
  for (const other of others) assert.deepEqual(JSON.parse(other), JSON.parse(own));
  return Buffer.byteLength(own);
}
