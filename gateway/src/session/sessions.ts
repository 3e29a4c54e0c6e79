import { type Clock, TokenError } from '@dotmac/platform';
import { GatewayError } from '../errors.ts';
import type { Authenticator, Claim } from '../identity/authenticator.ts';
import type { Caller } from '../identity/caller.ts';
import type { Limits } from '../limits.ts';

/** Why a lasting connection ends by the gateway's will. */
export type SessionEnd = 'EXPIRED' | 'REVOKED' | 'AUTHORITY_CHANGED' | 'RELOAD';

export interface SessionEvents {
  end(reason: SessionEnd): void;
}

/** The longest time that a timer can take. */
const longestTimer = 2 ** 31 - 1;

/** The lasting connections (WebSockets and event streams): how many, whose, and for how long they may last. */
export class Sessions {
  readonly #authenticator: Authenticator;
  readonly #clock: Clock;
  readonly #limits: Limits;
  readonly #open = new Set<Session>();
  readonly #perOwner = new Map<string, number>();

  constructor(authenticator: Authenticator, clock: Clock, limits: Limits) {
    this.#authenticator = authenticator;
    this.#clock = clock;
    this.#limits = limits;
  }

  get size(): number {
    return this.#open.size;
  }

  /** @throws TokenError, GatewayError (`TOO_MANY_CONNECTIONS` among them) */
  open(claim: Claim, events: SessionEvents): Session {
    const caller = this.#authenticator.callerOf(claim);
    const owner = ownerOf(claim, caller);
    const held = this.#perOwner.get(owner) ?? 0;
    if (this.#open.size >= this.#limits.connections || held >= this.#limits.connectionsPerPrincipal) {
      throw new GatewayError(
        'TOO_MANY_CONNECTIONS',
        'There are as many connections as allowed: close one first',
        {
          allowed: this.#limits.connectionsPerPrincipal,
        },
      );
    }
    this.#perOwner.set(owner, held + 1);
    const session = new Session(claim, caller, events, this.#authenticator, this.#clock, () => {
      if (!this.#open.delete(session)) return;
      const left = (this.#perOwner.get(owner) ?? 1) - 1;
      if (left > 0) this.#perOwner.set(owner, left);
      else this.#perOwner.delete(owner);
    });
    this.#open.add(session);
    return session;
  }

  /** Looks at every connection again, after a change of the registry. */
  review(): void {
    for (const session of this.#open) session.review();
  }

  endAll(reason: SessionEnd): void {
    for (const session of this.#open) session.end(reason);
  }
}

/** Anonymous callers are told apart by their address. */
function ownerOf({ address }: Claim, { principal }: Caller): string {
  return principal.kind === 'anonymous'
    ? `address ${address}`
    : `${principal.tenantId ?? ''} ${principal.id}`;
}

/** One lasting connection. */
export class Session {
  #claim: Claim;
  #caller: Caller;
  #timer: NodeJS.Timeout | undefined;
  readonly #events: SessionEvents;
  readonly #authenticator: Authenticator;
  readonly #clock: Clock;
  readonly #forget: () => void;
  #ended = false;

  constructor(
    claim: Claim,
    caller: Caller,
    events: SessionEvents,
    authenticator: Authenticator,
    clock: Clock,
    forget: () => void,
  ) {
    this.#claim = claim;
    this.#caller = caller;
    this.#events = events;
    this.#authenticator = authenticator;
    this.#clock = clock;
    this.#forget = forget;
    this.#armTimer();
  }

  /** The client's IP address. */
  get address(): string {
    return this.#claim.address;
  }

  get caller(): Caller {
    return this.#caller;
  }

  /**
   * Takes a new credential of the same principal with the same rights.
   * @throws TokenError, GatewayError for anything else; the old credential then still holds.
   */
  async renew(authorization: string): Promise<void> {
    const claim = { ...this.#claim, credential: await this.#authenticator.verify(authorization) };
    const caller = this.#authenticator.callerOf(claim);
    if (caller.principal.id !== this.#caller.principal.id || caller.authority !== this.#caller.authority) {
      throw new GatewayError(
        'FORBIDDEN',
        'The new credential is not for the same principal with the same rights',
      );
    }
    this.#claim = claim;
    this.#caller = caller;
    this.#armTimer();
  }

  review(): void {
    if (this.#ended) return;
    try {
      const caller = this.#authenticator.callerOf(this.#claim);
      if (caller.authority !== this.#caller.authority) {
        this.end('AUTHORITY_CHANGED');
      } else {
        this.#caller = caller;
        this.#armTimer();
      }
    } catch (error) {
      if (!(error instanceof TokenError || error instanceof GatewayError)) throw error;
      const { expiresAt } = this.#caller;
      this.end(expiresAt !== null && expiresAt <= this.#clock.now() ? 'EXPIRED' : 'REVOKED');
    }
  }

  end(reason: SessionEnd): void {
    if (this.#ended) return;
    this.close();
    this.#events.end(reason);
  }

  /** The connection is gone. */
  close(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#forget();
  }

  #armTimer(): void {
    clearTimeout(this.#timer);
    const { expiresAt } = this.#caller;
    if (expiresAt === null || this.#ended) return;
    const left = Math.max(0, expiresAt - this.#clock.now());
    this.#timer = setTimeout(() => this.review(), Math.min(left, longestTimer));
  }
}
