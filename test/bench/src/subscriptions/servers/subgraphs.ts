import { createPublicKey } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { createMetrics, createSubgraphServer, silentLogger, systemClock } from '@dotmac/platform';
import { parse } from 'graphql';
import { serveParent, serverArgument } from '../../gateway/servers/child.ts';
import { subgraphSdl } from '../graph.ts';

/**
 * The source of the stream. `GET /emit?count=&rate=&sites=` on the control port sends so many events per second and answers
 * with the last one's cursor.
 */

interface Event {
  readonly cursor: string;
  readonly sentAt: number;
  readonly site: string;
  readonly kind: string;
  readonly signalDbm: number;
  readonly customer: { readonly __typename: 'Customer'; readonly id: string };
}

const listeners = new Set<(event: Event) => void>();
let position = 0;

/** Events from now on, of one site or of all; with the cursor that they follow, where that is to be told. */
function subscribe(
  site: string | undefined,
  tellsStart: boolean,
): AsyncIterableIterator<Event> & { readonly start: string | null } {
  const waiting: Event[] = [];
  let wake = Promise.withResolvers<void>();
  let ended = false;
  const listener = (event: Event) => {
    if (site !== undefined && site !== event.site) return;
    waiting.push(event);
    wake.resolve();
  };
  listeners.add(listener);
  return {
    start: tellsStart ? String(position) : null,
    async next() {
      while (waiting.length === 0 && !ended) {
        wake = Promise.withResolvers();
        await wake.promise;
      }
      const event = waiting.shift();
      return event === undefined ? { done: true, value: undefined } : { done: false, value: event };
    },
    async return() {
      ended = true;
      listeners.delete(listener);
      wake.resolve();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

function emit(sites: number): void {
  position += 1;
  const event: Event = {
    cursor: String(position),
    sentAt: performance.timeOrigin + performance.now(),
    site: `site-${position % sites}`,
    kind: 'SIGNAL_LOW',
    signalDbm: -60 - (position % 30),
    customer: { __typename: 'Customer', id: `c${position % 500}` },
  };
  for (const listener of listeners) listener(event);
}

async function emitMany(count: number, rate: number, sites: number): Promise<void> {
  const started = performance.now();
  for (let sent = 0; sent < count; sent += 1) {
    const due = started + (sent / rate) * 1000;
    const wait = due - performance.now();
    if (wait > 1) await pause(wait);
    emit(sites);
  }
}

if (import.meta.main) {
  const { publicPem, tellsStart } = serverArgument<{ publicPem: string; tellsStart: boolean }>();
  const network = buildSubgraphSchema([
    {
      typeDefs: parse(subgraphSdl.network),
      resolvers: {
        Query: { now: () => performance.now() },
        Subscription: {
          events: {
            subscribe: (_: unknown, { site }: { site?: string }) => subscribe(site ?? undefined, tellsStart),
            resolve: (event: Event) => event,
          },
        },
      },
    },
  ] as unknown as Parameters<typeof buildSubgraphSchema>[0]);
  const subscribers = buildSubgraphSchema([
    {
      typeDefs: parse(subgraphSdl.subscribers),
      resolvers: {
        Query: { version: () => '1' },
        Customer: {
          __resolveReference: ({ id }: { id: string }) => ({ id, name: `Customer ${id}`, city: 'Polokwane' }),
        },
      },
    },
  ]);
  const server = createSubgraphServer({
    modules: [
      { name: 'network', schema: network, contextOf: (base) => base },
      { name: 'subscribers', schema: subscribers, contextOf: (base) => base },
    ],
    keys: new Map([['gateway-1', createPublicKey(publicPem)]]),
    plane: 'ten_bench',
    logger: silentLogger,
    metrics: createMetrics({}),
    clock: systemClock,
    ready: async () => true,
  });
  const origin = await server.listen({ host: '127.0.0.1', port: 0 });
  const control = createServer(async (request, response) => {
    const { searchParams } = new URL(request.url ?? '', 'http://localhost');
    const of = (name: string) => Number(searchParams.get(name));
    await emitMany(of('count'), of('rate'), of('sites'));
    response.end(String(position));
  });
  control.listen(0, '127.0.0.1', () => {
    const { port } = control.address() as AddressInfo;
    serveParent({ urls: { origin, control: `http://127.0.0.1:${port}` } });
  });
}
