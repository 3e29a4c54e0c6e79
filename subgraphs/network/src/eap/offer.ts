import type { EapOptions, RadiusServer } from '@dotmac/radius';
import type { NetworkServices } from '../builder.ts';
import { Turns } from '../turns.ts';
import { eapKeyPurpose, storedEap } from './store.ts';

/** Brings the tenant's EAP methods to its RADIUS server. */
export class EapOffer {
  readonly #services: NetworkServices;
  #server: Pick<RadiusServer, 'useEap'> | null = null;
  #options: EapOptions | null = null;
  readonly #turns = new Turns();

  constructor(services: NetworkServices) {
    this.#services = services;
  }

  /** The server that offers them. */
  set server(server: Pick<RadiusServer, 'useEap'>) {
    this.#server = server;
    if (this.#options !== null) server.useEap(this.#options);
  }

  /** Reads them anew. */
  load(): Promise<void> {
    return this.#turns.take(null, () => this.#read());
  }

  async #read(): Promise<void> {
    const { database, secrets, tenant } = this.#services;
    const { methods, certificate: cert, privateKey, clientAuthorities } = await storedEap(database);
    const ca = clientAuthorities === null ? {} : { ca: clientAuthorities };
    const tls =
      cert === null || privateKey === null
        ? {}
        : { tls: { cert, key: secrets.open(privateKey, eapKeyPurpose), ...ca } };
    this.#options = { methods, serverName: tenant?.slug ?? 'dotmac', ...tls };
    this.#server?.useEap(this.#options);
  }
}
