import { type Clock, localDateAt } from '@dotmac/platform';
import type {
  AccessAccept,
  AccessDecision,
  AccessLater,
  AccessReject,
  AccessRequestView,
  HomeServerPool,
  RadiusPolicy,
} from '@dotmac/radius';
import { Leases } from '../address/leases.ts';
import type { NetworkServices } from '../builder.ts';
import { namesOf } from '../eap/rules.ts';
import type { GardenReason } from '../garden/rules.ts';
import { macToLearn } from '../login-limit/rules.ts';
import { TermKeeper } from '../login-term/keeper.ts';
import { sessionTimeout } from '../login-term/rules.ts';
import type { Nas } from '../nas/store.ts';
import type { NasWatch } from '../nas/watch.ts';
import { PacketTraces } from '../packet-trace/traces.ts';
import { Realms } from '../realm/realms.ts';
import { realmOf } from '../realm/rules.ts';
import type { KnownServices } from '../session/record.ts';
import { normaliseMac, type SessionState } from '../session/rules.ts';
import { beginVoucher } from '../voucher/redeem.ts';
import type { Voucher } from '../voucher/rules.ts';
import { AcceptParts } from './accept-parts.ts';
import { Backoff } from './backoff.ts';
import { LoginEffects } from './effects.ts';
import { explainAddress, lentAttributes, lineOf, wantedOf } from './lending.ts';
import { LoginMemory, type PolicyAccess, type PolicyNas } from './memory.ts';
import { type KnownFacts, PacketFacts } from './packet-facts.ts';
import type { RadiusPort } from './port.ts';
import { Rejections } from './rejections.ts';
import {
  decideLogin,
  type ExplainedStep,
  explainDecision,
  jitteredInterval,
  type LoginFacts,
  type RejectReason,
  serviceOfToken,
  sessionsToEnd,
  sessionTokenPrefix,
} from './rules.ts';

/** User-Name (RFC 2865 §5.1). */
const userNameType = 1;

export interface LoginExplanation {
  readonly decision: 'ACCEPT' | 'WALLED_GARDEN' | 'REJECT' | 'FORWARD';
  /** Of a refusal, or why it is the walled garden only. */
  readonly reason: RejectReason | 'UNKNOWN_NAS' | 'HOME_SERVER_UNREACHABLE' | null;
  readonly steps: readonly ExplainedStep[];
}

/** A voucher that a login shows, and the passwords that go with it. */
interface ShownVoucher {
  readonly voucher: Voucher;
  readonly passwords: readonly string[];
}

/** Who may log in, from memory: no database on the packet path. */
export class LoginPolicy implements RadiusPolicy {
  readonly #services: NetworkServices;
  readonly #radius: RadiusPort;
  readonly #sessionClock: Clock;
  readonly #rejections: Rejections;
  readonly #memory: LoginMemory;
  readonly #backoff = new Backoff<PolicyAccess>();
  readonly #parts: AcceptParts;
  readonly terms: TermKeeper;
  readonly realms: Realms;
  readonly traces: PacketTraces;
  readonly #effects: LoginEffects;
  readonly #leases: Leases;
  readonly #watch: NasWatch;

  /** @param leaseFolder where leases that are not in the database yet outlive the process; null: nowhere. */
  constructor(
    services: NetworkServices,
    radius: RadiusPort,
    sessionClock: Clock,
    watch: NasWatch,
    leaseFolder: string | null = null,
  ) {
    this.#watch = watch;
    this.#services = services;
    this.#radius = radius;
    this.#sessionClock = sessionClock;
    this.#rejections = new Rejections(services);
    this.realms = new Realms(services, radius);
    this.#memory = new LoginMemory(
      services,
      radius.sharedSecret,
      (sessions) => {
        this.#leases.sessionsChanged(sessions, ({ serviceId, mac }) =>
          this.#memory.live(serviceId).some((live) => live.mac === mac),
        );
        for (const { serviceId } of sessions) if (serviceId !== null) this.terms.note(serviceId);
      },
      this.realms,
    );
    this.#parts = new AcceptParts(radius, () => this.#memory.garden, services.logger);
    this.terms = new TermKeeper(services, sessionClock, this.#memory);
    this.traces = new PacketTraces(
      sessionClock,
      radius,
      (username, classes) =>
        serviceOfToken(classes) ??
        (username === null
          ? null
          : (this.#memory.serviceOf(username) ?? this.#memory.vouchers.find(username)?.id)) ??
        null,
    );
    this.#effects = new LoginEffects(services, (ids) => this.#memory.refresh(ids));
    this.#leases = new Leases(services, sessionClock, {
      folder: leaseFolder,
      encode: ({ kind, prefix }) => radius.acceptBlock(lentAttributes(kind, prefix)),
      onConflict: ({ id, username, address }) => {
        services.logger.warn(
          { sessionId: id, username, address },
          'two lines use one address; this one is ended',
        );
        this.#effects.end(id, `${address} is lent to another line`);
      },
    });
  }

  /** Works until the signal aborts. Resolves when it can answer. */
  async start(signal: AbortSignal): Promise<void> {
    // First: what is online when the memory is loaded holds what it was lent.
    await this.#leases.start(signal);
    await this.#memory.start(signal);
    await this.terms.start(signal);
    signal.addEventListener('abort', () => void this.realms.close(), { once: true });
    signal.addEventListener('abort', () => this.traces.close(), { once: true });
    this.#rejections.run(signal);
    this.#effects.run(signal);
  }

  /** Login names of somebody else's realm go to his servers. */
  route(request: AccessRequestView): HomeServerPool | null {
    const pool = this.realms.route(request);
    if (pool !== null && this.traces.tap.on) {
      const { sourceAddress, packet, nas, receivedAt, outerUserName } = request;
      const about = { sourceAddress, packet, nasId: nas.id, at: receivedAt };
      this.traces.tap.decided(about, null, this.#explainRealm(outerUserName ?? ''));
    }
    return pool;
  }

  findNas(sourceAddress: string): PolicyNas | null {
    return this.#memory.nasAt(sourceAddress);
  }

  /** The device that a NAS is. */
  deviceOfNas(nasId: string): string | null {
    return this.#memory.nas(nasId)?.deviceId ?? null;
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

  /** Told after the commit of what closes sessions. */
  sessionsChanged(sessions: readonly SessionState[]): void {
    this.#memory.sessionsChanged(sessions);
  }

  authenticate(request: AccessRequestView): AccessDecision | AccessLater {
    const nas = this.findNas(request.sourceAddress);
    // The server asked for the NAS a moment ago; a reload in between may have removed it.
    if (nas === null) return { kind: 'DISCARD', reason: 'UNKNOWN_NAS' };
    const named = this.#accessOf(request);
    const username = named?.username ?? request.userName ?? '';
    const shown = named === null ? this.#voucherOf(request, username) : null;
    if (shown?.voucher.used === false) return this.#begin(shown, nas, request);
    const access = shown === null ? named : this.#memory.accessOfService(shown.voucher.id);
    const facts = new PacketFacts(
      this.#known(nas, access, username),
      request,
      () => {
        if (request.method === 'NONE') return 'UNSUPPORTED';
        if (shown !== null) return this.#knowsCode(request, shown) ? 'RIGHT' : 'WRONG';
        if (request.presented?.method === 'EAP-TLS')
          return namesOf(request.presented.certificate).includes(username) ? 'RIGHT' : 'WRONG';
        return access !== null && this.#radius.verifyPassword(request, access.password) ? 'RIGHT' : 'WRONG';
      },
      access === null || this.#backoff.idle ? null : (mac) => this.#backoff.attempts(username, mac, access),
    );
    const { reason, garden } = decideLogin(facts);
    const accepted = reason === null && access !== null ? this.#accept(nas, access, facts, garden) : null;
    if (this.traces.tap.on) this.#trace(request, access, facts, accepted);
    if (accepted?.kind === 'ACCEPT' && access !== null) {
      this.#watch.login(nas.id, facts.now, null);
      this.#remember(access, facts);
      return request.outlivesTurn ? kept(accepted) : accepted;
    }
    const refusal = reason ?? (accepted?.kind === 'REJECT' ? accepted.reason : 'UNKNOWN_USER');
    if (refusal === 'BAD_PASSWORD' && access !== null)
      this.#backoff.failed(username, facts.mac, access, facts.now);
    return this.#refuse(request, nas, access?.serviceId ?? null, refusal);
  }

  /** Whoever is open under the name that a request gives, without making a text of it. */
  #accessOf(request: AccessRequestView): PolicyAccess | null {
    if (request.innerIdentity !== '') return this.#memory.access(request.innerIdentity);
    const [start, end] = [request.valueStart(userNameType), request.valueEnd(userNameType)];
    return this.#memory.accessNamed(request.packet, start, end);
  }

  /** What was decided, and why, beside the packets of whoever is traced. */
  #trace(
    { sourceAddress, packet, nas, receivedAt }: AccessRequestView,
    access: PolicyAccess | null,
    facts: LoginFacts,
    accepted: AccessAccept | (AccessReject & { readonly reason: RejectReason }) | null,
  ): void {
    const { steps, reason, garden } = explainDecision(facts);
    const refusal = accepted?.kind === 'REJECT' ? accepted.reason : reason;
    const decision = refusal !== null ? 'REJECT' : garden === null ? 'ACCEPT' : 'WALLED_GARDEN';
    const note = { decision, reason: refusal ?? garden, steps } as const;
    const about = { sourceAddress, packet, nasId: nas.id, at: receivedAt };
    this.traces.tap.decided(about, access?.serviceId ?? null, note);
  }

  #refuse(
    { userName, sourceAddress, callingStationId }: AccessRequestView,
    nas: PolicyNas,
    serviceId: string | null,
    reason: RejectReason,
  ): AccessReject {
    this.#watch.login(nas.id, this.#sessionClock.now(), reason);
    const mac = normaliseMac(callingStationId);
    this.#rejections.add({ username: userName ?? '', serviceId, reason, nasAddress: sourceAddress, mac });
    return { kind: 'REJECT', reason };
  }

  /** The voucher whose code is the login name, or the password beside any name; null for everybody else. */
  #voucherOf(request: AccessRequestView, username: string): ShownVoucher | null {
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
  #knowsCode(request: AccessRequestView, { passwords }: ShownVoucher): boolean {
    return passwords.some((password) => this.#radius.verifyPassword(request, password));
  }

  /** The first login with a voucher waits for its time to be on record: the only login that asks the database. */
  #begin(shown: ShownVoucher, nas: PolicyNas, request: AccessRequestView): AccessReject | AccessLater {
    const { voucher } = shown;
    const reason = this.#voucherRefusal(voucher, nas.row, request, shown);
    if (reason !== null) return this.#refuse(request, nas, voucher.id, reason);
    return {
      kind: 'LATER',
      decide: async (own) => {
        if (!(await beginVoucher(this.#services, voucher, normaliseMac(own.callingStationId))))
          return this.#refuse(own, nas, voucher.id, 'NOT_READY');
        voucher.used = true;
        await this.#memory.refresh([voucher.id]);
        const decision = this.authenticate(own);
        return decision.kind === 'LATER' ? { kind: 'DISCARD', reason: 'VOUCHER_NOT_READY' } : decision;
      },
    };
  }

  #voucherRefusal(
    voucher: Voucher,
    nas: Nas,
    request: AccessRequestView,
    shown: ShownVoucher,
  ): RejectReason | null {
    if (!nas.enabled) return 'NAS_DISABLED';
    if (request.method === 'NONE') return 'METHOD_UNSUPPORTED';
    if (!this.#knowsCode(request, shown)) return 'BAD_PASSWORD';
    return this.#isExpired(voucher) ? 'VOUCHER_EXPIRED' : null;
  }

  #isExpired({ expiresOn }: Voucher): boolean {
    if (expiresOn === null) return false;
    const { clock, tenant } = this.#services;
    return localDateAt(clock.now(), tenant?.timeZone ?? 'UTC') >= expiresOn;
  }

  /** What an accepted login leaves behind. */
  #remember(access: PolicyAccess, facts: LoginFacts): void {
    if (!this.#backoff.idle) this.#backoff.succeeded(facts.username, facts.mac ?? null);
    if (access.limits === null) return;
    const mac = macToLearn(facts.access?.limits ?? null, facts.mac);
    if (mac !== null) this.#effects.learn({ serviceId: access.serviceId, mac });
    for (const sessionId of sessionsToEnd(facts)) this.#effects.end(sessionId, 'another line has logged in');
  }

  /** What the answer to a login would be now, and why. */
  explain(question: {
    readonly username: string;
    readonly nasAddress: string;
    readonly mac: string | null;
    readonly password: string | null;
    readonly portId?: string | null;
    readonly circuitId?: string | null;
  }): LoginExplanation {
    const { username, nasAddress, mac, password } = question;
    const nas = this.findNas(nasAddress);
    if (nas === null) {
      const fact = `No NAS is registered with the address ${nasAddress}: its packets are not answered`;
      return { decision: 'REJECT', reason: 'UNKNOWN_NAS', steps: [{ check: 'nas', passed: false, fact }] };
    }
    if (this.realms.isRouted(username)) return this.#explainRealm(username);
    const { vouchers } = this.#memory;
    const known = this.#memory.access(username);
    const voucher = known === null ? (vouchers.find(username) ?? vouchers.find(password ?? '')) : null;
    if (voucher?.used === false) return this.#explainUnused(voucher);
    const access = voucher === null ? known : this.#memory.accessOfService(voucher.id);
    const given = () => {
      if (password === null) return 'NOT_ASKED' as const;
      if (voucher !== null) return 'RIGHT' as const;
      return access?.password === password ? ('RIGHT' as const) : ('WRONG' as const);
    };
    const line = mac === null ? null : normaliseMac(mac);
    const facts: LoginFacts = {
      ...this.#known(nas, access, username),
      mac: mac === null ? undefined : line,
      portId: () => question.portId ?? undefined,
      circuitId: () => question.circuitId ?? undefined,
      password: given,
      attempts: access === null ? null : this.#backoff.attempts(username, line, access),
    };
    const { steps, reason, garden } = explainDecision(facts);
    if (reason !== null || access === null) return { decision: 'REJECT', reason, steps };
    const address = explainAddress(this.#leases, nas.row, access, line);
    if (!address.passed) return { decision: 'REJECT', reason: 'NO_ADDRESS', steps: [...steps, address] };
    return {
      decision: garden === null ? 'ACCEPT' : 'WALLED_GARDEN',
      reason: garden,
      steps: [...steps, address],
    };
  }

  #explainRealm(username: string): LoginExplanation {
    const realm = realmOf(username) ?? '';
    const servers = this.realms.standing(realm);
    const passed = servers.some(({ state }) => state !== 'DEAD');
    const fact = `The home servers of ${realm} answer: ${servers.map(({ state }) => state).join(', ')}`;
    const steps = [{ check: 'realm', passed, fact }];
    return passed
      ? { decision: 'FORWARD', reason: null, steps }
      : { decision: 'REJECT', reason: 'HOME_SERVER_UNREACHABLE', steps };
  }

  #explainUnused(voucher: Voucher): LoginExplanation {
    const passed = !this.#isExpired(voucher);
    const fact = passed
      ? `An unused voucher: its first login begins ${voucher.validSeconds} s`
      : `An unused voucher that was worth something before ${voucher.expiresOn}`;
    const steps = [{ check: 'voucher', passed, fact }];
    return passed
      ? { decision: 'ACCEPT', reason: null, steps }
      : { decision: 'REJECT', reason: 'VOUCHER_EXPIRED', steps };
  }

  #known(nas: PolicyNas, access: PolicyAccess | null, username: string): KnownFacts {
    return {
      username,
      access: access === null ? null : this.#withLessons(access),
      now: this.#sessionClock.now(),
      nas: nas.row,
      live: access === null ? nothing : this.#memory.live(access.serviceId),
      standing:
        access === null || access.terms === null
          ? null
          : this.terms.standing({ serviceId: access.serviceId, terms: access.terms }),
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

  #accept(
    { row: nas }: PolicyNas,
    access: PolicyAccess,
    facts: LoginFacts,
    garden: GardenReason | null,
  ): AccessAccept | (AccessReject & { readonly reason: RejectReason }) {
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
    const timeout =
      access.terms === null || facts.standing === null
        ? null
        : sessionTimeout(access.terms, facts.standing, this.#services.clock.now());
    if (lent.length === 0 && timeout === null) return { kind: 'ACCEPT', blocks };
    const own = timeout === null ? lent : [...lent, this.#radius.sessionTimeoutBlock(timeout)];
    return { kind: 'ACCEPT', blocks: [...own, ...blocks] };
  }
}

const nothing: readonly never[] = [];

/** An accept that is sent later, as EAP's and a new voucher's are: what the next login overwrites is its own. */
function kept(accept: AccessAccept): AccessAccept {
  return { ...accept, blocks: accept.blocks?.map((block) => Uint8Array.from(block)) ?? [] };
}
