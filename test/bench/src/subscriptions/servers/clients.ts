import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket } from 'ws';
import { serveParent, serverArgument } from '../../gateway/servers/child.ts';
import { subscription } from '../graph.ts';

/**
 * The load: NOC clients over WebSocket. On the control port:
 * - `/open?count=&sites=&shared=` connects so many and answers when each has subscribed, and knows where its stream starts if
 *   the gateway tells that;
 * - `/deliveries?count=` answers with the figures once so many events came;
 * - `/settled?cursor=` answers once everybody has the event with this cursor;
 * - `/least` says how many events whoever has the fewest has had, `/event?cursor=` what an event said.
 */

const { url, authorization, hearsStart } = serverArgument<{
  url: string;
  authorization: string | null;
  hearsStart: boolean;
}>();

interface Client {
  readonly socket: WebSocket;
  events: number;
  cursor: number;
}

const clients: Client[] = [];
/** What the first client was told, by cursor; the first few hundred. */
const told = new Map<string, string>();
let latencies: number[] = [];
let broken = 0;
let onEvent: () => void = () => undefined;

function connect(variables: object): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws', {
      perMessageDeflate: false,
    });
    const client: Client = { socket, events: 0, cursor: 0 };
    clients.push(client);
    socket.on('error', reject);
    socket.on('close', () => {
      broken += 1;
    });
    const payload = authorization === null ? {} : { authorization };
    socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init', payload })));
    socket.on('message', (data: Buffer) => {
      const arrived = performance.timeOrigin + performance.now();
      const text = data.toString();
      const sentAt = /"sentAt":([\d.]+)/.exec(text)?.[1];
      if (sentAt !== undefined) {
        latencies.push(arrived - Number(sentAt));
        const cursor = /"cursor":"(\d+)"/.exec(text)?.[1] ?? '';
        client.events += 1;
        client.cursor = Number(cursor);
        if (client === clients[0] && told.size < 500) told.set(cursor, text);
        onEvent();
        return;
      }
      const { type } = JSON.parse(text) as { type: string };
      if (type === 'connection_ack') {
        socket.send(
          JSON.stringify({ id: '1', type: 'subscribe', payload: { query: subscription, variables } }),
        );
        if (!hearsStart) resolve();
      } else if (type === 'ping') resolve();
      else if (type === 'error' || type === 'next') reject(new Error(text));
    });
  });
}

/** A few at a time: this measures deliveries, not a rush. */
async function open(count: number, sites: number, shared: boolean): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const index = next;
      next += 1;
      const site = sites > 1 ? { site: `site-${index % sites}` } : {};
      await connect({ ...site, ...(shared ? {} : { client: `client-${index}` }) });
    }
  };
  await Promise.all(Array.from({ length: 50 }, worker));
}

/** Waits for events until it holds. */
async function until(holds: () => boolean): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  onEvent = () => {
    if (holds()) resolve();
  };
  onEvent();
  await promise;
  onEvent = () => undefined;
}

async function deliveries(count: number): Promise<object> {
  await until(() => latencies.length >= count);
  const sorted = Float64Array.from(latencies).sort();
  latencies = [];
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), worst: at(1), broken };
}

async function settled(cursor: number): Promise<object> {
  // Whoever was last is asked first: he is, for long, the reason to wait on.
  let behind = 0;
  await until(() => {
    while (behind < clients.length && (clients[behind]?.cursor ?? 0) >= cursor) behind += 1;
    return behind === clients.length;
  });
  latencies = [];
  return { broken };
}

/** Without the time, which is not the same for any two. */
function event(cursor: string): object {
  const { payload } = JSON.parse(told.get(cursor)?.replace(/"sentAt":[\d.]+/, '"sentAt":0') ?? '{}');
  return payload ?? {};
}

if (import.meta.main) {
  const control = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
    const count = Number(searchParams.get('count'));
    const cursor = searchParams.get('cursor') ?? '';
    let answer: object = {};
    if (pathname === '/open')
      await open(count, Number(searchParams.get('sites')), searchParams.get('shared') === 'true');
    else if (pathname === '/deliveries') answer = await deliveries(count);
    else if (pathname === '/settled') answer = await settled(Number(cursor));
    else if (pathname === '/least') answer = { least: Math.min(...clients.map(({ events }) => events)) };
    else if (pathname === '/event') answer = event(cursor);
    response.end(JSON.stringify(answer));
  });
  control.listen(0, '127.0.0.1', () => {
    const { port } = control.address() as AddressInfo;
    serveParent({ urls: { control: `http://127.0.0.1:${port}` } });
  });
}
