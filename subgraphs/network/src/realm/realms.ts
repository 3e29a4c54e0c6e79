import type {
  AccessRequestView,
  AccountingRecord,
  Dictionary,
  HomeServer,
  HomeServerPool,
  HomeServerStanding,
  HopListener,
  RadiusClient,
  RadSecClient,
} from '@dotmac/radius';
import type { RadiusPort } from '../aaa/port.ts';
import type { NetworkServices } from '../builder.ts';
import { Turns } from '../turns.ts';
import { realmOf, withoutRealm } from './rules.ts';
import {
  allRealms,
  homeServerKeyPurpose,
  homeServerPurpose,
  type RealmWithServers,
  type StoredServer,
} from './store.ts';

/** Records on their way to home servers at a time; more are not told to them, and counted. */
const mostForwarded = 1_000;

interface Route {
  readonly access: HomeServerPool;
  /** Null when no server is told of sessions. */
  readonly accounting: HomeServerPool | null;
  /** Connections of its own. */
  readonly connections: readonly RadSecClient[];
}

/** For TLS to stand and for an answer over it: the next server shall be asked before the NAS gives up. */
const answerMilliseconds = 3_000;

/** What is under way to servers of before may take this long to end. */
const lingerMilliseconds = 15_000;

/** Who answers for the realms of others. Routes from memory; costs one look at an empty map where there are none. */
export class Realms {
  readonly #services: NetworkServices;
  readonly #radius: RadiusPort;
  readonly #dictionary: Dictionary;
  #client: RadiusClient | null = null;
  #routes = new Map<string, Route>();
  #known = '';
  readonly #turns = new Turns();
  #forwarded = 0;
  /** Records that home servers were not told of: they did not answer, or too many were on their way. */
  lost = 0;

  constructor(services: NetworkServices, radius: RadiusPort, dictionary: Dictionary) {
    this.#services = services;
    this.#radius = radius;
    this.#dictionary = dictionary;
  }

  /** Reads all of them anew. */
  load(): Promise<void> {
    return this.#turns.take(null, () => this.#read());
  }

  async #read(): Promise<void> {
    const realms = await allRealms(this.#services.database);
    const known = JSON.stringify(realms);
    // What is known of servers outlives a word that changes nothing, such as the event of our own change.
    if (known === this.#known) return;
    this.#known = known;
    const before = [...this.#routes.values()];
    this.#routes = new Map(
      realms.flatMap((realm) => (realm.enabled ? [[realm.name, this.#routeTo(realm)] as const] : [])),
    );
    for (const { access, accounting } of before) {
      access.close();
      accounting?.close();
    }
    const connections = before.flatMap((route) => route.connections);
    if (connections.length > 0)
      setTimeout(() => {
        for (const connection of connections) void connection.close();
      }, lingerMilliseconds).unref();
  }

  /** For the server's policy: the home servers of a request's realm; null when it is ours. */
  route(request: AccessRequestView): HomeServerPool | null {
    if (this.#routes.size === 0) return null;
    const realm = realmOf(request.outerUserName ?? '');
    return realm === null ? null : (this.#routes.get(realm)?.access ?? null);
  }

  /** Tells home servers of the sessions in their realms, after our own commit. Nobody waits for them. */
  tell(
    batch: readonly AccountingRecord[],
    onHop?: (record: AccountingRecord) => HopListener | undefined,
  ): void {
    if (this.#routes.size === 0) return;
    for (const record of batch) {
      const realm = realmOf(record.userName ?? '');
      const pool = realm === null ? null : (this.#routes.get(realm)?.accounting ?? null);
      if (pool === null) continue;
      if (this.#forwarded >= mostForwarded) {
        this.lost++;
        continue;
      }
      this.#forwarded++;
      this.#radius
        .forwardAccounting(record, pool, this.#dictionary, onHop?.(record))
        .then((taken) => {
          if (!taken) this.lost++;
        })
        .catch((error: unknown) => {
          this.lost++;
          this.#services.logger.warn({ error, realm }, 'a home server could not be told of a session');
        })
        .finally(() => {
          this.#forwarded--;
        });
    }
  }

  /** How the servers of a realm that answer logins are doing, in their order. */
  standing(realm: string): readonly HomeServerStanding[] {
    return this.#routes.get(realm)?.access.standing ?? [];
  }

  isRouted(username: string): boolean {
    const realm = this.#routes.size === 0 ? null : realmOf(username);
    return realm !== null && this.#routes.has(realm);
  }

  async close(): Promise<void> {
    for (const { access, accounting, connections } of this.#routes.values()) {
      access.close();
      accounting?.close();
      await Promise.all(connections.map((connection) => connection.close()));
    }
    await this.#client?.close();
  }

  #routeTo({ strip, servers }: RealmWithServers): Route {
    const connections = new Map<string, RadSecClient>();
    const poolOn = (port: (server: StoredServer) => number | null) => {
      const homes = servers.flatMap((server) => {
        const at = port(server);
        return at === null ? [] : [this.#homeOf(server, at, connections)];
      });
      const options = strip ? { userName: withoutRealm } : {};
      return homes.length === 0 ? null : new this.#radius.HomeServerPool(homes, options);
    };
    return {
      access: poolOn(({ authPort }) => authPort) ?? new this.#radius.HomeServerPool([]),
      accounting: poolOn(({ acctPort }) => acctPort),
      connections: [...connections.values()],
    };
  }

  #homeOf(server: StoredServer, port: number, connections: Map<string, RadSecClient>): HomeServer {
    const { id: name, host, requireMessageAuthenticator, authorities, certificate, privateKey } = server;
    const { secrets } = this.#services;
    const { udpHomeServer, radSecHomeServer, RadSecClient, sharedSecret } = this.#radius;
    if (authorities !== null && certificate !== null && privateKey !== null) {
      // Logins and accounting share one connection (RFC 6614 §2.1).
      const known = connections.get(name);
      const serverName = server.serverName === null ? {} : { serverName: server.serverName };
      const client =
        known ??
        new RadSecClient({
          host,
          port: server.authPort,
          ...serverName,
          ca: authorities,
          cert: certificate,
          key: secrets.open(privateKey, homeServerKeyPurpose(name)),
          timeoutMs: answerMilliseconds,
          dictionary: this.#dictionary,
        });
      connections.set(name, client);
      return radSecHomeServer(name, client);
    }
    this.#client ??= new this.#radius.RadiusClient({ dictionary: this.#dictionary });
    const secret = sharedSecret(secrets.open(server.secret, homeServerPurpose(name)));
    return udpHomeServer(this.#client, { name, host, port, secret, requireMessageAuthenticator });
  }
}
