import { localDateAt } from '@dotmac/platform';
import type { AccessDecision, AccessLater, AccessReject, AccessRequestView } from '@dotmac/radius';
import type { NetworkServices } from '../builder.ts';
import type { Nas } from '../nas/store.ts';
import { normaliseMac } from '../session/rules.ts';
import { beginVoucher } from '../voucher/redeem.ts';
import type { Voucher } from '../voucher/rules.ts';
import { describeNas } from './checks.ts';
import type { LoginExplanation } from './explain.ts';
import type { RejectReason } from './login-facts.ts';
import type { LoginMemory } from './memory.ts';
import type { RadiusPort } from './port.ts';

/** A voucher that a login shows, and the passwords that go with it. */
export interface ShownVoucher {
  readonly voucher: Voucher;
  readonly passwords: readonly string[];
}

/** How the policy answers. */
interface Answers {
  readonly refuse: (request: AccessRequestView, serviceId: string, reason: RejectReason) => AccessReject;
  readonly authenticate: (request: AccessRequestView) => AccessDecision | AccessLater;
}

/** Logins that show a voucher. */
export class VoucherLogins {
  readonly #services: NetworkServices;
  readonly #radius: RadiusPort;
  readonly #memory: LoginMemory;

  constructor(services: NetworkServices, radius: RadiusPort, memory: LoginMemory) {
    this.#services = services;
    this.#radius = radius;
    this.#memory = memory;
  }

  /** The voucher whose code is the login name, or the password beside any name; null for everybody else. */
  shown(request: AccessRequestView, username: string): ShownVoucher | null {
    const { vouchers } = this.#memory;
    if (vouchers.empty) return null;
    const named = vouchers.find(username);
    if (named !== null) return { voucher: named, passwords: [username, ''] };
    const clear = this.#radius.papPassword(request);
    if (clear === null) return null;
    const code = Buffer.from(clear).toString('utf8');
    const voucher = vouchers.find(code);
    return voucher === null ? null : { voucher, passwords: [code] };
  }

  /** A hotspot asks for a name only, or for the code as both. */
  knowsCode(request: AccessRequestView, { passwords }: ShownVoucher): boolean {
    return passwords.some((password) => this.#radius.verifyPassword(request, password));
  }

  /** The first login with a voucher waits for its time to be on record: the only login that asks the database. */
  begin(
    shown: ShownVoucher,
    nas: Nas,
    request: AccessRequestView,
    { refuse, authenticate }: Answers,
  ): AccessReject | AccessLater {
    const { voucher } = shown;
    const reason = this.#refusal(shown, nas, request);
    if (reason !== null) return refuse(request, voucher.id, reason);
    return {
      kind: 'LATER',
      decide: async (own) => {
        if (!(await beginVoucher(this.#services, voucher, normaliseMac(own.callingStationId))))
          return refuse(own, voucher.id, 'NOT_READY');
        voucher.used = true;
        await this.#memory.refresh([voucher.id]);
        const decision = authenticate(own);
        return decision.kind === 'LATER' ? { kind: 'DISCARD', reason: 'VOUCHER_NOT_READY' } : decision;
      },
    };
  }

  /** What the answer to its first login would be. */
  explainUnused(voucher: Voucher, nas: Nas): LoginExplanation {
    const over = { check: 'nas', passed: nas.enabled, fact: describeNas(nas) };
    if (!nas.enabled) return { decision: 'REJECT', reason: 'NAS_DISABLED', steps: [over] };
    const passed = !this.#isExpired(voucher);
    const fact = passed
      ? `An unused voucher: its first login begins ${voucher.validSeconds} s`
      : `An unused voucher that was worth something before ${voucher.expiresOn}`;
    const steps = [over, { check: 'voucher', passed, fact }];
    return passed
      ? { decision: 'ACCEPT', reason: null, steps }
      : { decision: 'REJECT', reason: 'VOUCHER_EXPIRED', steps };
  }

  #refusal(shown: ShownVoucher, nas: Nas, request: AccessRequestView): RejectReason | null {
    if (!nas.enabled) return 'NAS_DISABLED';
    if (request.method === 'NONE') return 'METHOD_UNSUPPORTED';
    if (!this.knowsCode(request, shown)) return 'BAD_PASSWORD';
    return this.#isExpired(shown.voucher) ? 'VOUCHER_EXPIRED' : null;
  }

  #isExpired({ expiresOn }: Voucher): boolean {
    if (expiresOn === null) return false;
    const { clock, tenant } = this.#services;
    return localDateAt(clock.now(), tenant?.timeZone ?? 'UTC') >= expiresOn;
  }
}
