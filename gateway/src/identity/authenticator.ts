import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { BlockList } from 'node:net';
import type { Clock } from '@dotmac/platform';
import type { Registry } from '../registry/registry.ts';
import { clientAddress } from './address.ts';
import { authorise } from './authorise.ts';
import type { Caller } from './caller.ts';
import { type Credential, CredentialVerifier } from './credential.ts';
import { type TenantWish, tenantWishOf } from './selection.ts';

/** What a caller was established from; kept to establish him again after a change. */
export interface Claim {
  readonly credential: Credential;
  readonly wish: TenantWish;
  readonly address: string;
}

/** Establishes who asks, for every transport. */
export class Authenticator {
  readonly #registry: Registry;
  readonly #clock: Clock;
  readonly #trustedProxies: BlockList;
  readonly #verifier: CredentialVerifier;

  constructor(registry: Registry, clock: Clock, trustedProxies: BlockList) {
    this.#registry = registry;
    this.#clock = clock;
    this.#trustedProxies = trustedProxies;
    this.#verifier = new CredentialVerifier(() => registry.current(), clock);
  }

  /**
   * What a request claims by these headers (its own when none are given), its credential proven.
   * @throws TokenError
   */
  async claimOf(request: IncomingMessage, headers: IncomingHttpHeaders = request.headers): Promise<Claim> {
    return {
      credential: await this.verify(headers.authorization),
      wish: tenantWishOf(headers),
      address: clientAddress(request, this.#trustedProxies),
    };
  }

  /** @throws TokenError */
  verify(authorization: string | undefined): Promise<Credential> {
    return this.#verifier.verify(authorization);
  }

  /**
   * Who the claim makes the caller now.
   * @throws TokenError, GatewayError
   */
  callerOf(claim: Claim): Caller {
    return authorise({ ...claim, snapshot: this.#registry.current(), now: this.#clock.now() });
  }
}
