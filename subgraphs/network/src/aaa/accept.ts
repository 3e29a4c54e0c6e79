import type { AccessAccept, AccessReject } from '@dotmac/radius';
import type { Leases } from '../address/leases.ts';
import type { NetworkServices } from '../builder.ts';
import type { GardenReason } from '../garden/rules.ts';
import { sessionTimeout } from '../login-term/rules.ts';
import { AcceptParts } from './accept-parts.ts';
import { lineOf, wantedOf } from './lending.ts';
import type { LoginFacts, RejectReason } from './login-facts.ts';
import type { LoginMemory } from './memory.ts';
import type { PolicyAccess } from './policy-access.ts';
import type { PolicyNas } from './policy-nas.ts';
import type { RadiusPort } from './port.ts';
import { type ExplainedStep, jitteredInterval, sessionTokenPrefix } from './rules.ts';

const nothing: readonly never[] = [];

/** An accept, or why there is none after all. */
export type Accepted = AccessAccept | (AccessReject & { readonly reason: RejectReason });

/** Makes the answer to logins that were decided well: what everybody of a speed gets, and what the line is lent. */
export class Accepting {
  readonly #services: NetworkServices;
  readonly #radius: RadiusPort;
  readonly #leases: Leases;
  readonly #parts: AcceptParts;

  constructor(services: NetworkServices, radius: RadiusPort, memory: LoginMemory, leases: Leases) {
    this.#services = services;
    this.#radius = radius;
    this.#leases = leases;
    this.#parts = new AcceptParts(radius, () => memory.garden, services.logger);
  }

  /** On the packet path. The blocks are the next login's too, unless `kept`. */
  accept(
    { row: nas }: PolicyNas,
    access: PolicyAccess,
    facts: LoginFacts,
    garden: GardenReason | null,
  ): Accepted {
    const template = this.#parts.template(nas, access, garden);
    if (template === null) return { kind: 'REJECT', reason: 'REPLY_IMPOSSIBLE' };
    const lent = this.#leases.idle
      ? nothing
      : this.#leases.lend(lineOf(nas, access, facts.mac ?? null), wantedOf(access));
    if (lent === null) return { kind: 'REJECT', reason: 'NO_ADDRESS' };
    const blocks = template.forLogin({
      interimSeconds: jitteredInterval(nas.interimIntervalSeconds, Math.random()),
      classPrefix: sessionTokenPrefix(access.serviceId, garden),
      own: this.#parts.own(access),
    });
    const timeout = this.#timeout(access, facts);
    if (lent.length === 0 && timeout === null) return { kind: 'ACCEPT', blocks };
    const own = timeout === null ? lent : [...lent, this.#radius.sessionTimeoutBlock(timeout)];
    return { kind: 'ACCEPT', blocks: [...own, ...blocks] };
  }

  /** What the answer would say but for what is lent; in words. Nothing changes by asking. */
  explain(
    { row: nas }: PolicyNas,
    access: PolicyAccess,
    facts: LoginFacts,
    garden: GardenReason | null,
  ): ExplainedStep {
    if (this.#parts.template(nas, access, garden) === null)
      return {
        check: 'reply',
        passed: false,
        fact: `The profile ${nas.vendorProfile} cannot express this speed`,
      };
    const timeout = this.#timeout(access, facts);
    const told = timeout === null ? 'no Session-Timeout' : `Session-Timeout ${Math.floor(timeout)} s`;
    return {
      check: 'reply',
      passed: true,
      fact: `In the dialect of ${nas.vendorProfile}; accounting every ${nas.interimIntervalSeconds} s ±10 %; ${told}`,
    };
  }

  /** Seconds; null for none. */
  #timeout({ terms }: PolicyAccess, { standing }: LoginFacts): number | null {
    return terms === null || standing === null
      ? null
      : sessionTimeout(terms, standing, this.#services.clock.now());
  }
}

/** An accept that is sent later, as EAP's and a new voucher's are: what the next login overwrites is its own. */
export function kept(accept: AccessAccept): AccessAccept {
  return { ...accept, blocks: accept.blocks?.map((block) => Uint8Array.from(block)) ?? [] };
}
