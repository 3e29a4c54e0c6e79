import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { startTestPostgres } from '@dotmac/hosting';
import { ask, newInstallation, rounded } from '../installation.ts';
import type { Report } from '../report.ts';
import { addSubscribers } from './seed.ts';

const subscribers = Number(process.env.DOTMAC_BENCH_SUBSCRIBERS ?? 10_000);
const questions = 400;
/** As many people of support and NOC as ask at the same time. */
const askers = 8;

/** Three subgraphs: who he is, what he buys and owes, and every fact about his line. */
const query = `query ($id: ID!) { service(id: $id) {
  state plan { name price { amount } } customer { name balance { amount } }
  servedBy { name } servedAt { via portName observedAt }
  serviceState { rungs { name value passes source observedAt freshness } firstFailing { name value } } } }`;

interface Answer {
  readonly service: { readonly serviceState: { readonly rungs: readonly { readonly name: string }[] } };
}

/**
 * `serviceState(service)` in one federated query through the gateway, with 10,000 subscribers in the tenant: one asker at a
 * time, and eight at once, each time another subscriber.
 */
export async function run(report: Report): Promise<void> {
  await using server = await startTestPostgres();
  await using door = await overTcp(server.connectionString);
  await using installation = await newInstallation();
  const { demo } = await installation.start({ DATABASE_URL: door.url });
  const url = new URL(server.connectionString);
  url.pathname = '/dotmac_t_alpha';
  const services = await addSubscribers(url.toString(), subscribers);
  const token = demo.tenants.alpha?.tokens.owner ?? '';
  let next = 0;
  const question = async () => {
    // A step that visits all of them without order.
    next = (next + 7_919) % services.length;
    const begun = performance.now();
    const { service } = await ask<Answer>(demo.graphql, token, query, { id: services[next] });
    if (service.serviceState.rungs.length !== 7) throw new Error('A rung is missing');
    return performance.now() - begun;
  };
  for (let index = 0; index < 20; index += 1) await question();
  for (const [name, together] of [
    ['one asker', 1],
    [`${askers} askers`, askers],
  ] as const) {
    const milliseconds: number[] = [];
    await Promise.all(
      Array.from({ length: together }, async () => {
        for (let index = 0; index < questions / together; index += 1) milliseconds.push(await question());
      }),
    );
    const sorted = milliseconds.toSorted((a, b) => a - b);
    for (const share of [0.5, 0.95])
      report.figure({
        metric: `p${share * 100} of ${sorted.length}, ${name}, ${subscribers} subscribers`,
        value: rounded(sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN, 1),
        unit: 'ms',
      });
  }
}

/** The server behind a TCP port, as an operator's would be: tenants' accounts cannot reach our socket. */
async function overTcp(connectionString: string): Promise<{ readonly url: string } & AsyncDisposable> {
  const url = new URL(connectionString);
  const socket = join(url.searchParams.get('host') ?? '', '.s.PGSQL.5432');
  const proxy = createServer((client) => {
    const upstream = connect(socket);
    pipeline(client, upstream, client, () => undefined);
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const { port } = proxy.address() as { port: number };
  return {
    url: `postgres://${url.username}:${url.password}@127.0.0.1:${port}${url.pathname}`,
    async [Symbol.asyncDispose]() {
      proxy.close();
    },
  };
}
