import type { RadSecConnection, RadSecIdentity, RadSecServer } from '@dotmac/radius';
import type { NetworkServices } from '../builder.ts';
import { radSecKeyPurpose, storedRadSec } from './store.ts';

const retryMilliseconds = 5_000;

/** Brings the tenant's certificate to where its RADIUS server takes TLS, and tells who is connected. */
export class RadSecDoor {
  readonly #services: NetworkServices;
  #server: RadSecServer | null = null;
  #retry: NodeJS.Timeout | null = null;
  /** One reading after the other, so that the newest holds. */
  #work: Promise<void> = Promise.resolve();
  /** Why it does not listen although it should. */
  failure: string | null = null;

  constructor(services: NetworkServices) {
    this.#services = services;
  }

  get listening(): boolean {
    return this.#server?.port != null;
  }

  get connections(): readonly RadSecConnection[] {
    return this.#server?.connections ?? [];
  }

  /** The connection of a NAS that was heard last; null when it keeps none. */
  connectionOf(nasId: string): RadSecConnection | null {
    return this.connections
      .filter(({ nas }) => nas.id === nasId)
      .reduce<RadSecConnection | null>((a, b) => (a !== null && a.heardAt > b.heardAt ? a : b), null);
  }

  /** Opens the door of a server if the tenant wants it. @returns ends the attempts to open it. */
  attach(server: RadSecServer): () => void {
    this.#server = server;
    void this.load();
    return () => {
      this.#server = null;
      if (this.#retry !== null) clearTimeout(this.#retry);
    };
  }

  /** Reads what the tenant wants anew. What cannot be done, such as for a port that is another's, is tried again. */
  load(): Promise<void> {
    this.#work = this.#work.then(() => this.#load());
    return this.#work;
  }

  /** To be called when the NASes have changed. */
  recheck(): void {
    this.#server?.recheck();
  }

  async #load(): Promise<void> {
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = null;
    const server = this.#server;
    if (server === null) return;
    try {
      await server.use(await this.#identity());
      this.failure = null;
    } catch (error) {
      this.failure = error instanceof Error ? error.message : String(error);
      this.#services.logger.error({ error }, 'RADIUS over TLS cannot be taken; it is tried again');
      this.#retry = setTimeout(() => void this.load(), retryMilliseconds).unref();
    }
  }

  async #identity(): Promise<RadSecIdentity | null> {
    const { database, secrets } = this.#services;
    const stored = await storedRadSec(database);
    if (stored?.enabled !== true) return null;
    const { certificate: cert, privateKey, authorities: ca, revocations: crl } = stored;
    return { key: secrets.open(privateKey, radSecKeyPurpose), cert, ca, ...(crl === null ? {} : { crl }) };
  }
}
