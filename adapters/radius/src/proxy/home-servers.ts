import { type Clock, DeviceError, systemClock } from '@dotmac/device';
import type { RadiusClient, RadiusExchange } from '../client/client.ts';
import { packetCodes } from '../packet/codes.ts';
import type { SharedSecret } from '../packet/shared-secret.ts';
import type { RadSecClient } from '../radsec/client.ts';
import type { RadSecRequest } from '../radsec/exchanges.ts';

/** A server that answers for a realm. */
export interface HomeServer {
  readonly name: string;
  /** Its IP address or host name. */
  readonly host: string;
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
  // Accounting-Responses prove themselves by the Response Authenticator; few servers sign them besides (RFC 2869 §5.14).
  const signed = ({ code }: RadSecRequest) =>
    code === packetCodes['Accounting-Request'] || requireMessageAuthenticator === undefined
      ? {}
      : { requireMessageAuthenticator };
  return {
    name,
    host,
    exchange: (request) =>
      client.exchange({
        ...request,
        host,
        port,
        secret,
        waitsMs,
        ...signed(request),
      }),
  };
}

/** A home server over TLS. */
export function radSecHomeServer(name: string, client: RadSecClient): HomeServer {
  return { name, host: client.host, exchange: (request) => client.exchange(request) };
}

export interface HomeServerPoolOptions {
  readonly clock?: Clock;
  /**
   * A server that did not answer is passed over for this long. Default 30 s; one that is known to answer Status-Server until it does
   * so again, so that nobody's login is the trial.
   */
  readonly deadForMs?: number;
  /** Between two Status-Servers to a server that is passed over (RFC 5997, RFC 3539 §3.4). Default 5 s. */
  readonly probeEveryMs?: number;
  /** What the servers are asked for, such as the name without its realm. An identity inside EAP stays as it is. */
  readonly userName?: (name: string) => string;
}

/** How a server is doing, as far as it was asked. Milliseconds since the epoch. */
export interface HomeServerStanding {
  readonly state: 'UNASKED' | 'ALIVE' | 'DEAD';
  readonly answeredAt: number | null;
  readonly lostAt: number | null;
  /** Why it gave no answer then, such as a certificate that is not trusted. */
  readonly lostReason: string | null;
}

/** What was asked and how it ended; words instead when no answer came. */
type Asked = { readonly exchange: RadiusExchange } | { readonly lost: string };

const statusServer: RadSecRequest = {
  code: packetCodes['Status-Server'],
  replyCodes: [packetCodes['Access-Accept'], packetCodes['Accounting-Response']],
  attributes: [],
  messageAuthenticator: true,
};

async function askedOf(server: HomeServer, request: RadSecRequest): Promise<Asked> {
  try {
    const exchange = await server.exchange(request);
    return exchange.reply === null ? { lost: 'no answer in time' } : { exchange };
  } catch (error) {
    if (error instanceof DeviceError && error.code !== 'INVALID_ARGUMENT') return { lost: error.message };
    throw error;
  }
}

/** Hears what goes to a home server and what comes back. */
export type HopListener = (direction: 'SENT' | 'RECEIVED', packet: Buffer, serverAddress: string) => void;

/** The home servers of a realm, by preference; one that does not answer is followed by the next. */
export class HomeServerPool {
  readonly #servers: readonly HomeServer[];
  readonly #deadUntil = new Map<HomeServer, number>();
  readonly #clock: Clock;
  readonly #deadForMs: number;
  readonly #userName: ((name: string) => string) | null;
  readonly #answeredAt = new Map<HomeServer, number>();
  readonly #lost = new Map<HomeServer, { readonly at: number; readonly reason: string }>();
  readonly #probeEveryMs: number;
  readonly #probes = new Map<HomeServer, NodeJS.Timeout>();
  /** They have answered a Status-Server once. */
  readonly #answersStatus = new Set<HomeServer>();
  #closed = false;

  constructor(servers: readonly HomeServer[], options: HomeServerPoolOptions = {}) {
    this.#servers = servers;
    this.#clock = options.clock ?? systemClock;
    this.#deadForMs = options.deadForMs ?? 30_000;
    this.#userName = options.userName ?? null;
    this.#probeEveryMs = options.probeEveryMs ?? 5_000;
  }

  /** The answer of the first server that gives one; null when none does. Dead servers are tried last. */
  async exchange(given: RadSecRequest, onHop?: HopListener): Promise<RadiusExchange | null> {
    const request = this.#renamed(given);
    const now = this.#clock.now();
    const dead = (server: HomeServer) => this.#isDead(server, now);
    const order = [...this.#servers.filter((server) => !dead(server)), ...this.#servers.filter(dead)];
    for (const server of order) {
      const { host } = server;
      const heard = onHop && {
        onPacket: (way: 'SENT' | 'RECEIVED', packet: Buffer) => onHop(way, packet, host),
      };
      const asked = await askedOf(server, { ...request, ...heard });
      if ('exchange' in asked) {
        this.#revived(server);
        return asked.exchange;
      }
      this.#lost.set(server, { at: this.#clock.now(), reason: asked.lost });
      this.#deadUntil.set(server, this.#clock.now() + this.#deadForMs);
      this.#probeLater(server);
    }
    return null;
  }

  /** Stops asking how servers are. */
  close(): void {
    this.#closed = true;
    for (const timer of this.#probes.values()) clearTimeout(timer);
    this.#probes.clear();
  }

  #isDead(server: HomeServer, now: number): boolean {
    const until = this.#deadUntil.get(server);
    return until !== undefined && (until > now || this.#answersStatus.has(server));
  }

  #revived(server: HomeServer): void {
    clearTimeout(this.#probes.get(server));
    this.#probes.delete(server);
    this.#deadUntil.delete(server);
    this.#answeredAt.set(server, this.#clock.now());
  }

  #probeLater(server: HomeServer): void {
    if (this.#closed || this.#probes.has(server)) return;
    const timer = setTimeout(() => {
      void this.#probe(server);
    }, this.#probeEveryMs).unref();
    this.#probes.set(server, timer);
  }

  async #probe(server: HomeServer): Promise<void> {
    const asked = await askedOf(server, statusServer);
    // It may have been revived by a request meanwhile, and lost again.
    this.#probes.delete(server);
    if (!this.#deadUntil.has(server)) return;
    if ('exchange' in asked) {
      this.#answersStatus.add(server);
      this.#revived(server);
    } else this.#probeLater(server);
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
      const lost = this.#lost.get(server);
      const dead = this.#isDead(server, now);
      const state = dead ? 'DEAD' : answeredAt === null ? 'UNASKED' : 'ALIVE';
      return { state, answeredAt, lostAt: lost?.at ?? null, lostReason: lost?.reason ?? null };
    });
  }

  /** Names of the servers that are passed over now. */
  get dead(): readonly string[] {
    const now = this.#clock.now();
    return this.#servers.filter((server) => this.#isDead(server, now)).map(({ name }) => name);
  }
}
