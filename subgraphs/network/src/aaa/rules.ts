import { type GardenReason, isAdmitted } from '../garden/rules.ts';
import { checks } from './checks.ts';
import type { LoginFacts, RejectReason } from './login-facts.ts';

/** What a login comes to. */
export interface LoginDecision {
  /** Why it is refused, or null to accept it. */
  readonly reason: RejectReason | null;
  /** Why an accept leads into the walled garden only, or null. */
  readonly garden: GardenReason | null;
}
const open: LoginDecision = { reason: null, garden: null };

/** The first refusal decides; one that the tenant admits to the walled garden lets the others be asked still. */
export function decideLogin(facts: LoginFacts): LoginDecision {
  let garden: GardenReason | null = null;
  for (const check of checks) {
    const reason = check.refuse(facts);
    if (reason === null) continue;
    if (!isAdmitted(reason, facts.garden)) return { reason, garden: null };
    garden ??= reason;
  }
  return garden === null ? open : { reason: null, garden };
}

export interface ExplainedStep {
  readonly check: string;
  readonly passed: boolean;
  readonly fact: string;
}

/** The same decision, check by check up to the one that decides. */
export function explainDecision(facts: LoginFacts): LoginDecision & { readonly steps: ExplainedStep[] } {
  const steps: ExplainedStep[] = [];
  let garden: GardenReason | null = null;
  for (const check of checks) {
    const reason = check.refuse(facts);
    const fact = check.tell(facts);
    if (reason === null) steps.push({ check: check.name, passed: true, fact });
    else if (isAdmitted(reason, facts.garden)) {
      garden ??= reason;
      steps.push({
        check: check.name,
        passed: true,
        fact: `${fact}: ${reason} leads into the walled garden`,
      });
    } else {
      steps.push({ check: check.name, passed: false, fact });
      return { steps, reason, garden: null };
    }
  }
  return { steps, reason: null, garden };
}

/** ±10 %, so that a restarted NAS does not send everything at once. `random` is 0 to 1. */
export function jitteredInterval(seconds: number, random: number): number {
  return Math.round(seconds * (0.9 + 0.2 * random));
}

/**
 * Our session token, sent as `Class` and returned in accounting (RFC 2865 §5.25), is this and 16 random hexadecimal
 * digits. In the walled garden it names the reason. Opaque to everybody else. In parts, which are never joined on the packet path.
 */
export function sessionTokenPrefix(serviceId: string, garden: GardenReason | null = null): readonly string[] {
  return garden === null ? ['1:', serviceId, ':'] : ['1:', serviceId, ':', garden, ':'];
}

/** The service in a returned `Class` (hexadecimal), or null when it is not one of ours. */
export function serviceOfToken(classes: readonly string[]): string | null {
  for (const hex of classes) {
    const match = /^1:([\w-]{1,64}):(?:[A-Z_]{1,32}:)?[0-9a-f]{16}$/.exec(
      Buffer.from(hex, 'hex').toString('latin1'),
    );
    if (match?.[1] !== undefined) return match[1];
  }
  return null;
}
