import type { Clock } from '@dotmac/platform';
import type { TermKeeper } from '../login-term/keeper.ts';
import type { LoginEffects } from './effects.ts';
import type { LoginMemory } from './memory.ts';
import type { KnownFacts } from './packet-facts.ts';
import type { PolicyAccess } from './policy-access.ts';
import type { PolicyNas } from './policy-nas.ts';

const nothing: readonly never[] = [];

/** Gathers what is known of a login without its line, from memory. */
export class FactSource {
  readonly #memory: LoginMemory;
  readonly #effects: LoginEffects;
  readonly #terms: TermKeeper;
  readonly #sessionClock: Clock;

  constructor(memory: LoginMemory, effects: LoginEffects, terms: TermKeeper, sessionClock: Clock) {
    this.#memory = memory;
    this.#effects = effects;
    this.#terms = terms;
    this.#sessionClock = sessionClock;
  }

  /** On the packet path. */
  of(nas: PolicyNas, access: PolicyAccess | null, username: string): KnownFacts {
    const terms = access?.terms ?? null;
    return {
      username,
      access: access === null ? null : this.#withLessons(access),
      now: this.#sessionClock.now(),
      nas: nas.row,
      live: access === null ? nothing : this.#memory.live(access.serviceId),
      standing:
        access === null || terms === null
          ? null
          : this.#terms.standing({ serviceId: access.serviceId, terms, termsEnded: access.termsEnded }),
      garden: this.#memory.garden,
    };
  }

  /** The access with the MAC addresses that are learnt and not in the database yet. */
  #withLessons(access: PolicyAccess): PolicyAccess {
    if (access.limits === null) return access;
    const lessons = this.#effects.lessons(access.serviceId);
    if (lessons === null) return access;
    const macs = [...new Set([...access.limits.macs, ...lessons])];
    return { ...access, limits: { ...access.limits, macs } };
  }
}
