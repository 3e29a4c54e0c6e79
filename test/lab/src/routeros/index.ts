/**
 * A RouterOS device on loopback, speaking the API (TCP 8728/8729) as an ISP's access router does. State and behaviour
 * are ours, the vocabulary is checked against console trees. Start one with `startRouterosSimulator`; act on it through
 * `router` (sessions, cables, lists) and `behaviour` (chunking, faults).
 */

import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { type Clock, systemClock } from '@dotmac/device';
import { ApiConnection, type Fault } from './connection.ts';
import type { Chunking } from './delivery.ts';
import type { RouterDescription } from './description.ts';
import { Router } from './router.ts';

export type { Fault } from './connection.ts';
export type { Chunking } from './delivery.ts';
export { seededRandom } from './delivery.ts';
export type { InterfaceDescription, RouterDescription, UserDescription } from './description.ts';
export { suspensionRules } from './description.ts';
export type { PppSession, PppSessionDescription } from './ppp-session.ts';
export { Router } from './router.ts';

export interface RouterosSimulatorOptions {
  /** 0 (the default) takes a free port. */
  readonly port?: number;
  readonly host?: string;
  readonly clock?: Clock;
  readonly chunking?: Chunking;
  readonly seed?: number;
  /** TLS as `api-ssl` does it: without a certificate only anonymous Diffie-Hellman. */
  readonly tls?: 'anonymous' | { readonly key: string; readonly cert: string };
}

/** May be changed while it runs; new connections and commands see the new values. */
export interface SimulatorBehaviour {
  chunking: Chunking;
  /** Refuses every new connection with `!fatal` and this reason. */
  fatalBeforeLogin: string | null;
  /** Asked for every command after login. */
  faultFor: ((command: string) => Fault | null) | null;
  /** Told of every sentence received, without its tag. */
  onSentence: ((words: readonly string[]) => void) | null;
}

export interface RouterosSimulator {
  readonly host: string;
  readonly port: number;
  readonly router: Router;
  readonly behaviour: SimulatorBehaviour;
  /** Tears every connection, as a power cut does; the listener stays. */
  dropConnections(): void;
  /** How many clients are connected. */
  readonly connections: number;
  close(): Promise<void>;
}

/** Starts a simulated router. @throws when the port is taken */
export async function startRouterosSimulator(
  description: RouterDescription,
  options: RouterosSimulatorOptions = {},
): Promise<RouterosSimulator> {
  const host = options.host ?? '127.0.0.1';
  const router = new Router(description, options.clock ?? systemClock);
  const behaviour: SimulatorBehaviour = {
    chunking: options.chunking ?? 'random',
    fatalBeforeLogin: null,
    faultFor: null,
    onSentence: null,
  };
  const sockets = new Set<Socket>();
  let seed = options.seed ?? 1;
  const accept = (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    new ApiConnection(router, socket, {
      chunking: behaviour.chunking,
      seed: seed++,
      fatalBeforeLogin: behaviour.fatalBeforeLogin,
      faultFor: (command) => behaviour.faultFor?.(command) ?? null,
      onSentence: (words) => behaviour.onSentence?.(words),
    });
  };
  const server = createListener(options.tls, accept);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, host, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The simulator has no TCP address');
  return {
    host,
    port: address.port,
    router,
    behaviour,
    get connections() {
      return sockets.size;
    },
    dropConnections() {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function createListener(tls: RouterosSimulatorOptions['tls'], accept: (socket: Socket) => void): Server {
  if (tls === undefined) return createServer(accept);
  if (tls === 'anonymous')
    return createTlsServer(
      { ciphers: 'ADH-AES256-GCM-SHA384:@SECLEVEL=0', maxVersion: 'TLSv1.2', dhparam: 'auto' },
      accept,
    );
  return createTlsServer(tls, accept);
}
