import { type Clock, type SigningKey, signToken } from '@dotmac/platform';
import type { Principal } from '@dotmac/schema';

/** How long a subgraph accepts a token, and how long the gateway goes on using one. The rest is for slow clocks. */
const lifetimeSeconds = 45;
const reuseMilliseconds = 20_000;
const rememberedTokens = 10_000;

interface Issued {
  readonly token: Promise<string>;
  readonly until: number;
}

/** Signs the tokens that tell a subgraph who is asking; one serves a principal for some seconds. */
export class InternalTokens {
  readonly #key: SigningKey;
  readonly #clock: Clock;
  readonly #issued = new Map<string, Issued>();
  readonly #texts = new WeakMap<Principal, string>();

  constructor(key: SigningKey, clock: Clock) {
    this.#key = key;
    this.#clock = clock;
  }

  /** `plane` is the tenant's id or `platform`. */
  tokenFor(principal: Principal, plane: string, subgraph: string): Promise<string> {
    const audience = `${plane}/${subgraph}`;
    const key = `${audience} ${this.#textOf(principal)}`;
    const now = this.#clock.now();
    const known = this.#issued.get(key);
    if (known !== undefined && known.until > now) return known.token;
    if (this.#issued.size >= rememberedTokens) this.#issued.clear();
    const token = signToken(principal, {
      key: this.#key,
      audience,
      issuer: 'gateway',
      lifetimeSeconds,
      clock: this.#clock,
    });
    this.#issued.set(key, { token, until: now + reuseMilliseconds });
    return token;
  }

  #textOf(principal: Principal): string {
    let text = this.#texts.get(principal);
    if (text === undefined) {
      text = JSON.stringify(principal);
      this.#texts.set(principal, text);
    }
    return text;
  }
}
