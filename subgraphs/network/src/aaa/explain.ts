import type { Realms } from '../realm/realms.ts';
import { realmOf } from '../realm/rules.ts';
import { normaliseMac } from '../session/rules.ts';
import type { Accepted } from './accept.ts';
import type { Backoff } from './backoff.ts';
import { explainAddress } from './lending.ts';
import type { LoginFacts, RejectReason } from './login-facts.ts';
import type { LoginParts } from './parts.ts';
import { type ExplainedStep, explainDecision } from './rules.ts';

export interface LoginExplanation {
  readonly decision: 'ACCEPT' | 'WALLED_GARDEN' | 'REJECT' | 'FORWARD';
  /** Of a refusal, or why it is the walled garden only. */
  readonly reason: RejectReason | 'UNKNOWN_NAS' | 'HOME_SERVER_UNREACHABLE' | null;
  readonly steps: readonly ExplainedStep[];
}

/** A login that is asked about, not tried. */
export interface LoginQuestion {
  readonly username: string;
  /** By its source address, or by its id where it has none. */
  readonly nas: { readonly address: string } | { readonly id: string };
  readonly mac: string | null;
  readonly password: string | null;
  readonly portId?: string | null;
  readonly circuitId?: string | null;
}

/** What the answer to a login would be now, and why. Nothing changes by asking. */
export function explainLogin(question: LoginQuestion, known: LoginParts, backoff: Backoff): LoginExplanation {
  const { username, mac, password } = question;
  const { memory, realms } = known;
  const asked = question.nas;
  const nas = 'id' in asked ? memory.nases.of(asked.id) : memory.nases.at(asked.address);
  if (nas === null) {
    const whom = 'id' in asked ? `id ${asked.id}` : `address ${asked.address}`;
    const fact = `No NAS is registered with the ${whom}: its packets are not answered`;
    return { decision: 'REJECT', reason: 'UNKNOWN_NAS', steps: [{ check: 'nas', passed: false, fact }] };
  }
  if (realms.isRouted(username)) return explainRealm(username, realms);
  const { vouchers } = memory;
  const named = memory.access(username);
  const voucher = named === null ? (vouchers.find(username) ?? vouchers.find(password ?? '')) : null;
  if (voucher?.used === false) return known.vouchers.explainUnused(voucher, nas.row);
  const access = voucher === null ? named : memory.accessOfService(voucher.id);
  const given = () => {
    if (password === null) return 'NOT_ASKED' as const;
    if (voucher !== null) return 'RIGHT' as const;
    return access?.password === password ? ('RIGHT' as const) : ('WRONG' as const);
  };
  const line = mac === null ? null : normaliseMac(mac);
  const facts: LoginFacts = {
    ...known.facts.of(nas, access, username),
    mac: mac === null ? undefined : line,
    portId: () => question.portId ?? undefined,
    circuitId: () => question.circuitId ?? undefined,
    password: given,
    attempts: access === null ? null : backoff.attempts(username, line, access.password),
  };
  const { steps, reason, garden } = explainDecision(facts);
  if (reason !== null || access === null) return { decision: 'REJECT', reason, steps };
  const reply = known.accepting.explain(nas, access, facts, garden);
  steps.push(reply);
  if (!reply.passed) return { decision: 'REJECT', reason: 'REPLY_IMPOSSIBLE', steps };
  const address = explainAddress(known.leases, nas.row, access, line);
  steps.push(address);
  if (!address.passed) return { decision: 'REJECT', reason: 'NO_ADDRESS', steps };
  return {
    decision: garden === null ? 'ACCEPT' : 'WALLED_GARDEN',
    reason: garden,
    steps,
  };
}

/** The same of a login that was tried. @param accepted null for one that its facts refuse. */
export function explainOutcome(facts: LoginFacts, accepted: Accepted | null): LoginExplanation {
  const { steps, reason, garden } = explainDecision(facts);
  const refusal = accepted?.kind === 'REJECT' ? accepted.reason : reason;
  if (accepted?.kind === 'REJECT')
    steps.push(
      accepted.reason === 'NO_ADDRESS'
        ? { check: 'address', passed: false, fact: 'Every pool that lends IPv4 addresses here is used up' }
        : {
            check: 'reply',
            passed: false,
            fact: `The profile of ${facts.nas.name} cannot express this speed`,
          },
    );
  const decision = refusal !== null ? 'REJECT' : garden === null ? 'ACCEPT' : 'WALLED_GARDEN';
  return { decision, reason: refusal ?? garden, steps };
}

/** Of a login name whose realm's home servers decide. */
export function explainRealm(username: string, realms: Realms): LoginExplanation {
  const realm = realmOf(username) ?? '';
  const servers = realms.standing(realm);
  const passed = servers.some(({ state }) => state !== 'DEAD');
  const fact = `The home servers of ${realm} answer: ${servers.map(({ state }) => state).join(', ')}`;
  const steps = [{ check: 'realm', passed, fact }];
  return passed
    ? { decision: 'FORWARD', reason: null, steps }
    : { decision: 'REJECT', reason: 'HOME_SERVER_UNREACHABLE', steps };
}
