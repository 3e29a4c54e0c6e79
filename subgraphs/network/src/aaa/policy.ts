import type { Clock } from '@dotmac/platform';
import type {
  AccessDecision,
  AccessLater,
  AccessReject,
  AccessRequestView,
  HomeServerPool,
  RadiusPolicy,
  RadSecCertificate,
} from '@dotmac/radius';
import type { NetworkServices } from '../builder.ts';
import { namesOf } from '../eap/rules.ts';
import type { TermKeeper } from '../login-term/keeper.ts';
import type { NasWatch } from '../nas/watch.ts';
import type { PacketTraces } from '../packet-trace/traces.ts';
import type { Dictionaries } from '../radius-dictionary/dictionaries.ts';
import type { Realms } from '../realm/realms.ts';
import type { KnownServices } from '../session/record.ts';
import type { SessionState } from '../session/rules.ts';
import { type Accepting, kept } from './accept.ts';
import { Backoff } from './backoff.ts';
import {
  explainLogin,
  explainOutcome,
  explainRealm,
  type LoginExplanation,
  type LoginQuestion,
} from './explain.ts';
import type { FactSource } from './fact-source.ts';
import type { RejectReason } from './login-facts.ts';
import type { LoginMemory } from './memory.ts';
import type { NasMemory } from './nas-memory.ts';
import { PacketFacts } from './packet-facts.ts';
import { type LoginParts, loginParts } from './parts.ts';
import type { PolicyAccess } from './policy-access.ts';
import type { PolicyNas } from './policy-nas.ts';
import type { RadiusPort } from './port.ts';
import { decideLogin } from './rules.ts';
import type { Unrecorded } from './unrecorded.ts';
import type { ShownVoucher, VoucherLogins } from './voucher-login.ts';

/** User-Name (RFC 2865 §5.1). */
const userNameType = 1;

/** Who may log in, from memory: no database on the packet path. */
export class LoginPolicy implements RadiusPolicy {
  readonly #radius: RadiusPort;
  readonly #sessionClock: Clock;
  readonly #watch: NasWatch;
  readonly #parts: LoginParts;
  readonly #memory: LoginMemory;
  readonly #facts: FactSource;
  readonly #accepting: Accepting;
  readonly #vouchers: VoucherLogins;
  readonly #backoff = new Backoff();
  readonly traces: PacketTraces;

  /** @param leaseFolder where leases that are not in the database yet outlive the process; null: nowhere. */
  constructor(
    services: NetworkServices,
    radius: RadiusPort,
    sessionClock: Clock,
    watch: NasWatch,
    leaseFolder: string | null = null,
  ) {
    this.#radius = radius;
    this.#sessionClock = sessionClock;
    this.#watch = watch;
    this.#parts = loginParts(services, radius, sessionClock, leaseFolder, watch);
    this.#memory = this.#parts.memory;
    this.#facts = this.#parts.facts;
    this.#accepting = this.#parts.accepting;
    this.#vouchers = this.#parts.vouchers;
    this.traces = this.#parts.traces;
  }

  /** Works until the signal aborts. Resolves when it can answer. */
  async start(signal: AbortSignal): Promise<void> {
    const { leases, terms, realms, rejections, effects } = this.#parts;
    // First: what is online when the memory is loaded holds what it was lent.
    await leases.start(signal);
    await this.#memory.start(signal);
    await terms.start(signal);
    const close = () => {
      void realms.close();
      this.traces.close();
    };
    signal.addEventListener('abort', close, { once: true });
    rejections.run(signal);
    effects.run(signal);
  }

  get terms(): TermKeeper {
    return this.#parts.terms;
  }

  get realms(): Realms {
    return this.#parts.realms;
  }

  get dictionaries(): Dictionaries {
    return this.#parts.dictionaries;
  }

  get nases(): NasMemory {
    return this.#memory.nases;
  }

  /** Login names of somebody else's realm go to his servers. */
  route(request: AccessRequestView): HomeServerPool | null {
    const pool = this.realms.route(request);
    if (pool !== null && this.traces.tap.on)
      this.#tell(request, null, explainRealm(request.outerUserName ?? '', this.realms));
    return pool;
  }

  findNas(sourceAddress: string): PolicyNas | null {
    return this.nases.at(sourceAddress);
  }

  /** Over TLS. */
  findNasOfCertificate(certificate: RadSecCertificate): PolicyNas | null {
    return this.nases.ofCertificate(certificate);
  }

  nasOf(id: string): PolicyNas | null {
    return this.nases.of(id);
  }

  /** The device that a NAS is. */
  deviceOfNas(nasId: string): string | null {
    return this.nases.row(nasId)?.deviceId ?? null;
  }

  /** Reads the tenant's rules of the walled garden anew. */
  reloadGarden(): Promise<void> {
    return this.#memory.reloadGarden();
  }

  /** Reads some services anew; the enforcement does so before it touches a device, so that the next login agrees. */
  refresh(serviceIds: readonly string[]): Promise<void> {
    return this.#memory.refresh(serviceIds);
  }

  /** What accounting asks and tells. */
  get known(): KnownServices {
    return this.#memory;
  }

  get unrecorded(): Unrecorded {
    return this.#parts.unrecorded;
  }

  /** Told after the commit of what closes sessions. */
  sessionsChanged(sessions: readonly SessionState[]): void {
    this.#memory.sessionsChanged(sessions);
  }

  authenticate(request: AccessRequestView): AccessDecision | AccessLater {
    const nas = this.nasOf(request.nas.id);
    // The server asked for the NAS a moment ago; a reload in between may have removed it.
    if (nas === null) return { kind: 'DISCARD', reason: 'UNKNOWN_NAS' };
    const named = this.#accessOf(request);
    const username = named?.username ?? request.userName ?? '';
    const shown = named === null ? this.#vouchers.shown(request, username) : null;
    if (shown?.voucher.used === false) return this.#begin(shown, nas, request);
    const access = shown === null ? named : this.#memory.accessOfService(shown.voucher.id);
    const facts = new PacketFacts(
      this.#facts.of(nas, access, username),
      request,
      () => {
        if (request.method === 'NONE') return 'UNSUPPORTED';
        if (shown !== null) return this.#vouchers.knowsCode(request, shown) ? 'RIGHT' : 'WRONG';
        if (request.presented?.method === 'EAP-TLS')
          return namesOf(request.presented.certificate).includes(username) ? 'RIGHT' : 'WRONG';
        return access !== null && this.#radius.verifyPassword(request, access.password) ? 'RIGHT' : 'WRONG';
      },
      access === null || this.#backoff.idle
        ? null
        : (mac) => this.#backoff.attempts(username, mac, access.password),
    );
    const { reason, garden } = decideLogin(facts);
    const accepted =
      reason === null && access !== null ? this.#accepting.accept(nas, access, facts, garden) : null;
    if (this.traces.tap.on) this.#tell(request, access?.serviceId ?? null, explainOutcome(facts, accepted));
    if (accepted?.kind === 'ACCEPT' && access !== null) {
      this.#watch.login(nas.id, facts.now, null);
      if (!this.#backoff.idle) this.#backoff.succeeded(facts.username, facts.mac);
      if (access.limits !== null) this.#parts.effects.accepted(access.serviceId, facts);
      return request.outlivesTurn ? kept(accepted) : accepted;
    }
    const refusal = reason ?? (accepted?.kind === 'REJECT' ? accepted.reason : 'UNKNOWN_USER');
    if (refusal === 'BAD_PASSWORD' && access !== null)
      this.#backoff.failed(username, facts.mac, access.password, facts.now);
    return this.#refuse(request, nas, access?.serviceId ?? null, refusal);
  }

  /** What the answer to a login would be now, and why. */
  explain(question: LoginQuestion): LoginExplanation {
    return explainLogin(question, this.#parts, this.#backoff);
  }

  #begin(shown: ShownVoucher, nas: PolicyNas, request: AccessRequestView): AccessReject | AccessLater {
    return this.#vouchers.begin(shown, nas.row, request, {
      refuse: (own, serviceId, reason) => this.#refuse(own, nas, serviceId, reason),
      authenticate: (own) => this.authenticate(own),
    });
  }

  /** Whoever is open under the name that a request gives, without making a text of it. */
  #accessOf(request: AccessRequestView): PolicyAccess | null {
    if (request.innerIdentity !== '') return this.#memory.access(request.innerIdentity);
    const [start, end] = [request.valueStart(userNameType), request.valueEnd(userNameType)];
    return this.#memory.accessNamed(request.packet, start, end);
  }

  /** What was decided, and why, beside the packets of whoever is traced. */
  #tell(request: AccessRequestView, serviceId: string | null, explanation: LoginExplanation): void {
    const { sourceAddress, packet, nas, receivedAt } = request;
    this.traces.tap.decided({ sourceAddress, packet, nasId: nas.id, at: receivedAt }, serviceId, explanation);
  }

  #refuse(
    request: AccessRequestView,
    nas: PolicyNas,
    serviceId: string | null,
    reason: RejectReason,
  ): AccessReject {
    this.#watch.login(nas.id, this.#sessionClock.now(), reason);
    this.#parts.rejections.add(request, serviceId, reason);
    return { kind: 'REJECT', reason };
  }
}
