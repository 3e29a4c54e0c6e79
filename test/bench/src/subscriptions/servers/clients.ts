import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket } from 'ws';
import { serveParent, serverArgument } from '../../gateway/servers/child.ts';
import { subscription } from '../graph.ts';

/**
 * The load: NOC clients over WebSocket. On the control port: `/open?count=&sites=&shared=` connects so many and answers
 * when each knows where its stream starts; `/deliveries?count=` answers with the figures once so many events came.
 */

const { url, authorization } = serverArgument<{ url: string; authorization: string }>();
const sockets: WebSocket[] = [];
let latencies: number[] = [];
let broken = 0;
let reached: () => void = () => undefined;

function connect(variables: object): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws', {
      perMessageDeflate: false,
    });
    socket.on('error', reject);
    socket.on('close', () => {
      broken += 1;
    });
    socket.on('open', () =>
      socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization } })),
    );
    socket.on('message', (data: Buffer) => {
      const arrived = performance.timeOrigin + performance.now();
      const text = data.toString();
      const sentAt = /"sentAt":([\d.]+)/.exec(text)?.[1];
      if (sentAt !== undefined) {
        latencies.push(arrived - Number(sentAt));
        reached();
        return;
      }
      const { type } = JSON.parse(text) as { type: string };
      if (type === 'connection_ack') {
        const payload = { query: subscription, variables };
        socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload }));
      } else if (type === 'ping') resolve();
      else if (type === 'error') reject(new Error(text));
    });
    sockets.push(socket);
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

async function deliveries(count: number): Promise<object> {
  const { promise, resolve } = Promise.withResolvers<void>();
  reached = () => {
    if (latencies.length >= count) resolve();
  };
  reached();
  await promise;
  const sorted = Float64Array.from(latencies).sort();
  latencies = [];
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), worst: at(1), broken };
}

if (import.meta.main) {
  const control = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
    const count = Number(searchParams.get('count'));
    if (pathname === '/open') {
      await open(count, Number(searchParams.get('sites')), searchParams.get('shared') === 'true');
      response.end('{}');
    } else if (pathname === '/deliveries') response.end(JSON.stringify(await deliveries(count)));
    else {
      for (const socket of sockets.splice(0)) socket.terminate();
      response.end('{}');
    }
  });
  control.listen(0, '127.0.0.1', () => {
    const { port } = control.address() as AddressInfo;
    serveParent({ urls: { control: `http://127.0.0.1:${port}` } });
  });
}
