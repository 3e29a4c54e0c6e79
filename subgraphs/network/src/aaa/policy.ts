import type { Clock } from '@dotmac/platform';
import type { AcceptTemplate, AccessDecision, AccessRequestView, RadiusPolicy } from '@dotmac/radius';
import { deviceModeOf, shapingOf } from '../access/rules.ts';
import type { NetworkServices } from '../builder.ts';
import type { Nas } from '../nas/store.ts';
import type { KnownServices } from '../session/record.ts';
import { normaliseMac, type SessionState } from '../session/rules.ts';
import { LoginMemory, type PolicyAccess, type PolicyNas } from './memory.ts';
import type { RadiusPort } from './port.ts';
import { Rejections } from './rejections.ts';
import {
  decideLogin,
  type ExplainedStep,
  explainDecision,
  jitteredInterval,
  type LoginFacts,
  type RejectReason,
  sessionTokenPrefix,
} from './rules.ts';

export interface LoginExplanation {
  readonly decision: 'ACCEPT' | 'WALLED_GARDEN' | 'REJECT';
  readonly reason: RejectReason | 'UNKNOWN_NAS' | null;
  readonly steps: readonly ExplainedStep[];
}

/** Who may log in, from memory: no database on the packet path. */
export class LoginPolicy implements RadiusPolicy {
  readonly #services: NetworkServices;
  readonly #radius: RadiusPort;
  readonly #sessionClock: Clock;
  readonly #rejections: Rejections;
  readonly #memory: LoginMemory;

  constructor(services: NetworkServices, radius: RadiusPort, sessionClock: Clock) {
    this.#services = services;
    this.#radius = radius;
    this.#sessionClock = sessionClock;
    this.#rejections = new Rejections(services);
    this.#memory = new LoginMemory(services, radius.sharedSecret);
  }

  /** Works until the signal aborts. Resolves when it can answer. */
  async start(signal: AbortSignal): Promise<void> {
    await this.#memory.start(signal);
    this.#rejections.run(signal);
  }

  findNas(sourceAddress: string): PolicyNas | null {
    return this.#memory.nasAt(sourceAddress);
  }

  /** The device that a NAS is. */
  deviceOfNas(nasId: string): string | null {
    return this.#memory.nas(nasId)?.deviceId ?? null;
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

  authenticate(request: AccessRequestView): AccessDecision {
    const username = request.userName ?? '';
    const nas = this.findNas(request.sourceAddress);
    // The server asked for the NAS a moment ago; a reload in between may have removed it.
    if (nas === null) return { kind: 'DISCARD', reason: 'UNKNOWN_NAS' };
    const access = this.#memory.access(username);
    const mac = normaliseMac(request.callingStationId);
    const reason = decideLogin(
      this.#factsOf({
        username,
        nas,
        access,
        mac,
        password: () => {
          if (request.method === 'NONE') return 'UNSUPPORTED';
          return access !== null && this.#radius.verifyPassword(request, access.password) ? 'RIGHT' : 'WRONG';
        },
      }),
    );
    if (reason === null && access !== null) return this.#accept(nas, access);
    const refusal = reason ?? 'UNKNOWN_USER';
    const serviceId = access?.serviceId ?? null;
    this.#rejections.add({ username, serviceId, reason: refusal, nasAddress: request.sourceAddress, mac });
    return { kind: 'REJECT', reason: refusal };
  }

  /** What the answer to a login would be now, and why. */
  explain(question: {
    readonly username: string;
    readonly nasAddress: string;
    readonly mac: string | null;
    readonly password: string | null;
  }): LoginExplanation {
    const { username, nasAddress, mac, password } = question;
    const nas = this.findNas(nasAddress);
    if (nas === null) {
      const fact = `No NAS is registered with the address ${nasAddress}: its packets are not answered`;
      return { decision: 'REJECT', reason: 'UNKNOWN_NAS', steps: [{ check: 'nas', passed: false, fact }] };
    }
    const access = this.#memory.access(username);
    const given = () => {
      if (password === null) return 'NOT_ASKED' as const;
      return access?.password === password ? ('RIGHT' as const) : ('WRONG' as const);
    };
    const { steps, reason } = explainDecision(
      this.#factsOf({
        username,
        nas,
        access,
        mac: mac === null ? undefined : normaliseMac(mac),
        password: given,
      }),
    );
    if (reason !== null) return { decision: 'REJECT', reason, steps };
    return { decision: access?.mode === 'OPEN' ? 'ACCEPT' : 'WALLED_GARDEN', reason: null, steps };
  }

  #factsOf(about: {
    readonly username: string;
    readonly nas: PolicyNas;
    readonly access: PolicyAccess | null;
    readonly mac: LoginFacts['mac'];
    readonly password: LoginFacts['password'];
  }): LoginFacts {
    const { access, nas } = about;
    const live = access === null ? [] : this.#memory.live(access.serviceId);
    return { ...about, now: this.#sessionClock.now(), nas: nas.row, live };
  }

  #accept({ row: nas }: PolicyNas, access: PolicyAccess): AccessDecision {
    const reply = this.#replyOf(nas, access);
    if (reply === null) return { kind: 'REJECT', reason: 'REPLY_IMPOSSIBLE' };
    const interval = jitteredInterval(nas.interimIntervalSeconds, Math.random());
    return { kind: 'ACCEPT', blocks: [reply.forLogin(interval)] };
  }

  /** What an accept carries, kept until the access changes; null when the profile cannot express it. */
  #replyOf({ vendorProfile, name }: Nas, access: PolicyAccess): AcceptTemplate | null {
    const kept = access.replies.get(vendorProfile);
    if (kept !== undefined) return kept;
    const mode = deviceModeOf(access.mode);
    if (access.shaping === null || mode === 'blocked') return null;
    try {
      const vendor = vendorProfile as Parameters<RadiusPort['accessReplyAttributes']>[0];
      const { accessReplyAttributes, acceptTemplate } = this.#radius;
      const reply = acceptTemplate({
        attributes: [
          ...(access.address === null ? [] : [{ name: 'Framed-IP-Address', value: access.address }]),
          ...accessReplyAttributes(vendor, shapingOf(access.shaping), mode),
        ],
        classPrefix: sessionTokenPrefix(access.serviceId),
      });
      access.replies.set(vendorProfile, reply);
      return reply;
    } catch (error) {
      // On the packet path: one speed that a vendor cannot express must not stop the others' logins.
      const { serviceId } = access;
      this.#services.logger.error({ error, serviceId, nas: name }, 'no reply can be made for a login');
      return null;
    }
  }
}
