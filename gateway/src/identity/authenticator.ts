import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { BlockList } from 'node:net';
import type { Clock } from '@dotmac/platform';
import type { Registry } from '../registry/registry.ts';
import type { RegistrySnapshot } from '../registry/snapshot.ts';
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

/** Who a request comes from, and what that was established from. */
export interface Identity {
  readonly claim: Claim;
  readonly caller: Caller;
}

/** What a credential was worth at one state of the registry, for one tenant wish and address. */
interface Remembered {
  readonly credential: Credential;
  readonly caller: Caller;
}

/** Callers that are remembered, at most. */
const rememberedCallers = 10_000;

/** Establishes who asks, for every transport. */
export class Authenticator {
  readonly #registry: Registry;
  readonly #clock: Clock;
  readonly #trustedProxies: BlockList;
  readonly #verifier: CredentialVerifier;
  readonly #onKeyUse: (keyId: string) => void;
  readonly #remembered = new Map<string, Remembered>();
  /** The state of the registry under which they were established. */
  #rememberedUnder: RegistrySnapshot | undefined;

  /** `onKeyUse` hears of every use of an API key that is genuine. */
  constructor(
    registry: Registry,
    clock: Clock,
    trustedProxies: BlockList,
    onKeyUse: (keyId: string) => void = () => undefined,
  ) {
    this.#onKeyUse = onKeyUse;
    this.#registry = registry;
    this.#clock = clock;
    this.#trustedProxies = trustedProxies;
    this.#verifier = new CredentialVerifier(() => registry.current(), clock);
  }

  /**
   * Who sends a request. What was established once holds, without being proven again, until it expires or anything in
   * the registry changes: a revoked key or an ended membership is such a change.
   * @throws TokenError, GatewayError
   */
  identify(request: IncomingMessage): Identity | Promise<Identity> {
    const { authorization } = request.headers;
    const snapshot = this.#registry.current();
    if (snapshot !== this.#rememberedUnder) {
      this.#remembered.clear();
      this.#rememberedUnder = snapshot;
    }
    const wish = tenantWishOf(request.headers);
    const address = clientAddress(request, this.#trustedProxies);
    // Many host names mean no tenant; they need not be told apart.
    const host = wish.hostname === undefined ? undefined : snapshot.routesByHostname.get(wish.hostname);
    // No header's value has a line break in it.
    const key = `${authorization}\n${wish.slug ?? ''}\n${host?.tenantId ?? ''}\n${address}`;
    const known = this.#remembered.get(key);
    if (known !== undefined) {
      const { credential, caller } = known;
      if (caller.expiresAt === null || caller.expiresAt > this.#clock.now()) {
        if (credential.kind === 'apiKey') this.#onKeyUse(credential.id);
        return { claim: { credential, wish, address }, caller };
      }
      this.#remembered.delete(key);
    }
    return this.#establish(request, key);
  }

  async #establish(request: IncomingMessage, key: string): Promise<Identity> {
    const under = this.#rememberedUnder;
    const claim = await this.claimOf(request);
    const caller = this.callerOf(claim);
    // Strangers are cheap to establish, and too many to keep.
    if (claim.credential.kind !== 'none' && under === this.#registry.current()) {
      if (this.#remembered.size >= rememberedCallers) this.#remembered.clear();
      this.#remembered.set(key, { credential: claim.credential, caller });
    }
    return { claim, caller };
  }

  /**
   * What a request claims by these headers (its own when none are given), its credential proven.
   * @throws TokenError
   */
  async claimOf(request: IncomingMessage, headers: IncomingHttpHeaders = request.headers): Promise<Claim> {
    const credential = await this.verify(headers.authorization);
    if (credential.kind === 'apiKey') this.#onKeyUse(credential.id);
    return {
      credential,
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
