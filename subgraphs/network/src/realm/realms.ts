import type { AccessRequestView, AccountingRecord, HomeServerPool, RadiusClient } from '@dotmac/radius';
import type { RadiusPort } from '../aaa/port.ts';
import type { NetworkServices } from '../builder.ts';
import { realmOf, withoutRealm } from './rules.ts';
import { allRealms, homeServerPurpose, type RealmWithServers } from './store.ts';

/** Records on their way to home servers at a time; more are not told to them, and counted. */
const mostForwarded = 1_000;

interface Route {
  readonly access: HomeServerPool;
  /** Null when no server is told of sessions. */
  readonly accounting: HomeServerPool | null;
}

/** How a home server is doing, as far as this process has asked it. */
export interface ServerStanding {
  readonly state: 'UNASKED' | 'ALIVE' | 'DEAD';
  readonly answeredAt: number | null;
  readonly lostAt: number | null;
}

/** Who answers for the realms of others. Routes from memory; costs one look at an empty map where there are none. */
export class Realms {
  readonly #services: NetworkServices;
  readonly #radius: RadiusPort;
  #client: RadiusClient | null = null;
  #routes = new Map<string, Route>();
  #known = '';
  #forwarded = 0;
  /** Records that home servers were not told of: they did not answer, or too many were on their way. */
  lost = 0;

  constructor(services: NetworkServices, radius: RadiusPort) {
    this.#services = services;
    this.#radius = radius;
  }

  /** Reads all of them anew. */
  async load(): Promise<void> {
    const realms = await allRealms(this.#services.database);
    const known = JSON.stringify(realms);
    // What is known of servers outlives a word that changes nothing, such as the event of our own change.
    if (known === this.#known) return;
    this.#known = known;
    this.#routes = new Map(
      realms.flatMap((realm) => (realm.enabled ? [[realm.name, this.#routeTo(realm)] as const] : [])),
    );
  }

  /** For the server's policy: the home servers of a request's realm; null when it is ours. */
  route(request: AccessRequestView): HomeServerPool | null {
    if (this.#routes.size === 0) return null;
    const realm = realmOf(request.outerUserName ?? '');
    return realm === null ? null : (this.#routes.get(realm)?.access ?? null);
  }

  /** Tells home servers of the sessions in their realms, after our own commit. Nobody waits for them. */
  tell(batch: readonly AccountingRecord[]): void {
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
        .forwardAccounting(record, pool, this.#radius.standardDictionary())
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
  standing(realm: string): readonly ServerStanding[] {
    return this.#routes.get(realm)?.access.standing ?? [];
  }

  isRouted(username: string): boolean {
    const realm = this.#routes.size === 0 ? null : realmOf(username);
    return realm !== null && this.#routes.has(realm);
  }

  async close(): Promise<void> {
    await this.#client?.close();
  }

  #routeTo({ strip, servers }: RealmWithServers): Route {
    this.#client ??= new this.#radius.RadiusClient();
    const client = this.#client;
    const { udpHomeServer, HomeServerPool, sharedSecret } = this.#radius;
    const poolOn = (port: (server: RealmWithServers['servers'][number]) => number | null) => {
      const homes = servers.flatMap((server) => {
        const at = port(server);
        if (at === null) return [];
        const secret = sharedSecret(this.#services.secrets.open(server.secret, homeServerPurpose(server.id)));
        const { id: name, host, requireMessageAuthenticator } = server;
        return [udpHomeServer(client, { name, host, port: at, secret, requireMessageAuthenticator })];
      });
      return homes.length === 0 ? null : new HomeServerPool(homes, strip ? { userName: withoutRealm } : {});
    };
    return {
      access: poolOn(({ authPort }) => authPort) ?? new HomeServerPool([]),
      accounting: poolOn(({ acctPort }) => acctPort),
    };
  }
}
