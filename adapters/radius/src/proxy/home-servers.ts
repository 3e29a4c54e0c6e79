import { type Clock, DeviceError, systemClock } from '@dotmac/device';
import type { RadiusClient, RadiusExchange } from '../client/client.ts';
import type { SharedSecret } from '../packet/shared-secret.ts';
import type { RadSecClient, RadSecRequest } from '../radsec/client.ts';

/** A server that answers for a realm. */
export interface HomeServer {
  readonly name: string;
  exchange(request: RadSecRequest): Promise<RadiusExchange>;
}

export interface UdpHomeServerOptions {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly secret: SharedSecret;
  /** Waits before each retransmission and before giving up. Default twice 1 s. */
  readonly waitsMs?: readonly number[];
  /** Off only for a server that has not been mended after CVE-2024-3596. Default on. */
  readonly requireMessageAuthenticator?: boolean;
}

/** A home server over UDP. */
export function udpHomeServer(client: RadiusClient, options: UdpHomeServerOptions): HomeServer {
  const { name, host, port, secret, waitsMs = [1000, 1000], requireMessageAuthenticator } = options;
  return {
    name,
    exchange: (request) =>
      client.exchange({
        ...request,
        host,
        port,
        secret,
        waitsMs,
        ...(requireMessageAuthenticator === undefined ? {} : { requireMessageAuthenticator }),
      }),
  };
}

/** A home server over TLS. */
export function radSecHomeServer(name: string, client: RadSecClient): HomeServer {
  return { name, exchange: (request) => client.exchange(request) };
}

export interface HomeServerPoolOptions {
  readonly clock?: Clock;
  /** A server that did not answer is passed over for this long. Default 30 s. */
  readonly deadForMs?: number;
  /** What the servers are asked for, such as the name without its realm. An identity inside EAP stays as it is. */
  readonly userName?: (name: string) => string;
}

/** How a server is doing, as far as it was asked. Milliseconds since the epoch. */
export interface HomeServerStanding {
  readonly state: 'UNASKED' | 'ALIVE' | 'DEAD';
  readonly answeredAt: number | null;
  readonly lostAt: number | null;
}

/** The home servers of a realm, by preference; one that does not answer is followed by the next. */
export class HomeServerPool {
  readonly #servers: readonly HomeServer[];
  readonly #deadUntil = new Map<HomeServer, number>();
  readonly #clock: Clock;
  readonly #deadForMs: number;
  readonly #userName: ((name: string) => string) | null;
  readonly #answeredAt = new Map<HomeServer, number>();
  readonly #lostAt = new Map<HomeServer, number>();

  constructor(servers: readonly HomeServer[], options: HomeServerPoolOptions = {}) {
    this.#servers = servers;
    this.#clock = options.clock ?? systemClock;
    this.#deadForMs = options.deadForMs ?? 30_000;
    this.#userName = options.userName ?? null;
  }

  /** The answer of the first server that gives one; null when none does. Dead servers are tried last. */
  async exchange(asked: RadSecRequest): Promise<RadiusExchange | null> {
    const request = this.#renamed(asked);
    const now = this.#clock.now();
    const dead = (server: HomeServer) => (this.#deadUntil.get(server) ?? 0) > now;
    const order = [...this.#servers.filter((server) => !dead(server)), ...this.#servers.filter(dead)];
    for (const server of order) {
      const exchange = await server.exchange(request).catch((error: unknown) => {
        if (error instanceof DeviceError && error.code !== 'INVALID_ARGUMENT') return null;
        throw error;
      });
      if (exchange !== null && exchange.reply !== null) {
        this.#deadUntil.delete(server);
        this.#answeredAt.set(server, this.#clock.now());
        return exchange;
      }
      this.#lostAt.set(server, this.#clock.now());
      this.#deadUntil.set(server, this.#clock.now() + this.#deadForMs);
    }
    return null;
  }

  #renamed(request: RadSecRequest): RadSecRequest {
    const rename = this.#userName;
    if (rename === null || typeof request.attributes === 'function') return request;
    const attributes = request.attributes.map((attribute) =>
      attribute.name === 'User-Name' && typeof attribute.value === 'string'
        ? { ...attribute, value: rename(attribute.value) }
        : attribute,
    );
    return { ...request, attributes };
  }

  /** Every server in the order in which they are asked. */
  get standing(): readonly HomeServerStanding[] {
    const now = this.#clock.now();
    return this.#servers.map((server) => {
      const answeredAt = this.#answeredAt.get(server) ?? null;
      const lostAt = this.#lostAt.get(server) ?? null;
      const dead = (this.#deadUntil.get(server) ?? 0) > now;
      return { state: dead ? 'DEAD' : answeredAt === null ? 'UNASKED' : 'ALIVE', answeredAt, lostAt };
    });
  }

  /** Names of the servers that are passed over now. */
  get dead(): readonly string[] {
    const now = this.#clock.now();
    return this.#servers.filter((server) => (this.#deadUntil.get(server) ?? 0) > now).map(({ name }) => name);
  }
}
