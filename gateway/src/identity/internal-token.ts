import { type Clock, type SigningKey, signToken } from '@dotmac/platform';
import type { Principal } from '@dotmac/schema';

/** How long a subgraph accepts a token, and how long the gateway goes on using one. The rest is for slow clocks. */
const lifetimeSeconds = 45;
const reuseMilliseconds = 20_000;
const rememberedTokens = 10_000;

interface Issued {
  /** Text once it is signed. */
  token: string | Promise<string>;
  readonly until: number;
}

/** Signs the tokens that tell a subgraph who is asking; one serves a principal for some seconds. */
export class InternalTokens {
  readonly #key: SigningKey;
  readonly #clock: Clock;
  /** By audience and what the principal says: equal principals share. */
  readonly #issued = new Map<string, Issued>();
  /** The same by the very object, which callers keep: found without a text to compare. */
  readonly #ofPrincipal = new WeakMap<Principal, Map<string, Issued>>();

  constructor(key: SigningKey, clock: Clock) {
    this.#key = key;
    this.#clock = clock;
  }

  /** `plane` is the tenant's id or `platform`. Gives the text at once when it is signed already. */
  tokenFor(principal: Principal, plane: string, subgraph: string): string | Promise<string> {
    const audience = `${plane}/${subgraph}`;
    const now = this.#clock.now();
    let own = this.#ofPrincipal.get(principal);
    if (own === undefined) {
      own = new Map();
      this.#ofPrincipal.set(principal, own);
    }
    let issued = own.get(audience);
    if (issued === undefined || issued.until <= now) {
      issued = this.#issue(principal, audience, now);
      own.set(audience, issued);
    }
    return issued.token;
  }

  #issue(principal: Principal, audience: string, now: number): Issued {
    const key = `${audience} ${JSON.stringify(principal)}`;
    const known = this.#issued.get(key);
    if (known !== undefined && known.until > now) return known;
    if (this.#issued.size >= rememberedTokens) this.#issued.clear();
    const token = signToken(principal, {
      key: this.#key,
      audience,
      issuer: 'gateway',
      lifetimeSeconds,
      clock: this.#clock,
    });
    const issued: Issued = { token, until: now + reuseMilliseconds };
    this.#issued.set(key, issued);
    // Whoever asked meanwhile has the promise; its failure is theirs to see.
    token.then(
      (text) => {
        issued.token = text;
      },
      () => undefined,
    );
    return issued;
  }
}
