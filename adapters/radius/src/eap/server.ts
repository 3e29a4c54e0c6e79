import { randomBytes } from 'node:crypto';
import type { Attribute } from '../attribute/encode.ts';
import type { AccessDecision } from '../server/policy.ts';
import { eapMd5 } from './md5.ts';
import type { EapMethod, Judge, MethodStep } from './method.ts';
import { eapMsChapV2 } from './ms-chap-v2.ts';
import { eapCodes, eapPacket, eapResult, eapTypes, parseEap } from './packet.ts';
import { eapPeap } from './peap.ts';
import { eapTls } from './tls.ts';
import type { EapTlsOptions } from './tls-channel.ts';
import { eapTtls } from './ttls.ts';

export type EapMethodName = 'PEAP' | 'TTLS' | 'TLS' | 'MSCHAPV2' | 'MD5';

export interface EapOptions {
  /** In order of preference: the first is offered, a peer's Nak chooses among the others. */
  readonly methods: readonly EapMethodName[];
  /** For PEAP, TTLS and TLS. */
  readonly tls?: EapTlsOptions;
  /** Shown to MS-CHAPv2 peers. Default `dotmac`. */
  readonly serverName?: string;
}

/** What an EAP message is answered with. */
export type EapAnswer =
  | { readonly kind: 'CHALLENGE'; readonly attributes: readonly Attribute[] }
  | {
      readonly kind: 'DECISION';
      readonly decision: AccessDecision;
      readonly attributes: readonly Attribute[];
    };

interface Conversation {
  readonly nasId: string;
  readonly identity: string;
  readonly startedAt: number;
  method: EapMethod;
  identifier: number;
  /** A step is under way; another message meanwhile is a peer out of step. */
  busy: boolean;
}

const lifetimeMs = 60_000;
/** A TLS conversation holds some 100 kB. */
const mostConversations = 2_000;

const typeOf: Readonly<Record<EapMethodName, number>> = {
  PEAP: eapTypes.peap,
  TTLS: eapTypes.ttls,
  TLS: eapTypes.tls,
  MSCHAPV2: eapTypes.msChapV2,
  MD5: eapTypes.md5,
};

/** The server's end of EAP (RFC 3748, RFC 3579): conversations kept by the State attribute. */
export class EapServer {
  readonly #options: EapOptions;
  readonly #conversations = new Map<string, Conversation>();

  /** Throws `TypeError` when a method of the TLS family lacks its certificate. */
  constructor(options: EapOptions) {
    const needsTls = options.methods.filter((name) => name === 'PEAP' || name === 'TTLS' || name === 'TLS');
    if (needsTls.length > 0 && options.tls === undefined)
      throw new TypeError(`${needsTls.join(', ')} need a certificate: pass \`tls\``);
    if (options.methods.includes('TLS') && options.tls?.ca === undefined)
      throw new TypeError('EAP-TLS needs the authorities of its clients: pass `tls.ca`');
    this.#options = options;
  }

  /** Takes one EAP message of a NAS. Null: nothing sensible to answer. */
  async handle(
    nasId: string,
    message: Buffer,
    state: Uint8Array | null,
    now: number,
    judge: Judge,
  ): Promise<EapAnswer | null> {
    this.#expire(now);
    const packet = parseEap(message);
    if (packet === null || packet.code !== eapCodes.response || packet.type === null) return null;
    if (state === null) {
      if (packet.type !== eapTypes.identity) return null;
      return this.#begin(nasId, packet.identifier, packet.data.toString('utf8'), now);
    }
    const key = Buffer.from(state).toString('hex');
    const conversation = this.#conversations.get(key);
    // The State of one NAS is worth nothing at another.
    if (conversation === undefined || conversation.nasId !== nasId)
      return ended({ kind: 'REJECT', reason: 'EAP_CONVERSATION_UNKNOWN' }, packet.identifier, null);
    if (conversation.busy || packet.identifier !== conversation.identifier) return null;
    if (packet.type === eapTypes.nak) return this.#choose(key, conversation, packet.data);
    if (packet.type !== conversation.method.type) return null;
    conversation.busy = true;
    try {
      const step = await conversation.method.respond(packet.data, (identity, credential) =>
        judge(identity === '' ? conversation.identity : identity, credential),
      );
      return this.#continue(key, conversation, step);
    } finally {
      conversation.busy = false;
    }
  }

  close(): void {
    for (const key of [...this.#conversations.keys()]) this.#forget(key);
  }

  #begin(nasId: string, identifier: number, identity: string, now: number): EapAnswer | null {
    const [first] = this.#options.methods;
    if (first === undefined || this.#conversations.size >= mostConversations) return null;
    const key = randomBytes(16).toString('hex');
    const conversation: Conversation = {
      nasId,
      identity,
      startedAt: now,
      method: this.#make(first, () => conversation.identifier),
      identifier,
      busy: false,
    };
    this.#conversations.set(key, conversation);
    return this.#continue(key, conversation, { kind: 'REQUEST', data: conversation.method.start() });
  }

  /** RFC 3748 §5.3.1: the peer names the types it would take. */
  #choose(key: string, conversation: Conversation, wanted: Buffer): EapAnswer {
    const name = this.#options.methods.find((method) => wanted.includes(typeOf[method]));
    if (name === undefined || typeOf[name] === conversation.method.type) {
      this.#forget(key);
      return ended({ kind: 'REJECT', reason: 'EAP_METHOD_UNSUPPORTED' }, conversation.identifier, null);
    }
    conversation.method.close();
    conversation.method = this.#make(name, () => conversation.identifier);
    return this.#continue(key, conversation, { kind: 'REQUEST', data: conversation.method.start() });
  }

  #continue(key: string, conversation: Conversation, step: MethodStep): EapAnswer {
    if (step.kind === 'DONE') {
      this.#forget(key);
      return ended(step.decision, conversation.identifier, step.masterKey);
    }
    conversation.identifier = (conversation.identifier + 1) & 255;
    const request = eapPacket(eapCodes.request, conversation.identifier, conversation.method.type, step.data);
    return {
      kind: 'CHALLENGE',
      attributes: [
        { name: 'EAP-Message', value: request },
        { name: 'State', value: Buffer.from(key, 'hex') },
      ],
    };
  }

  #make(name: EapMethodName, identifier: () => number): EapMethod {
    const { tls, serverName = 'dotmac' } = this.#options;
    if (name === 'MD5') return eapMd5(identifier);
    if (name === 'MSCHAPV2' || tls === undefined) return eapMsChapV2('EAP-MSCHAPV2', serverName);
    if (name === 'TTLS') return eapTtls(tls);
    return name === 'PEAP' ? eapPeap(tls, serverName) : eapTls(tls);
  }

  /** Conversations begin in order of time, so the oldest come first. */
  #expire(now: number): void {
    for (const [key, { startedAt }] of this.#conversations) {
      if (now - startedAt < lifetimeMs) return;
      this.#forget(key);
    }
  }

  #forget(key: string): void {
    this.#conversations.get(key)?.method.close();
    this.#conversations.delete(key);
  }
}

/** The end: EAP-Success or -Failure, and the session keys (RFC 2548 §2.4.2) for an accept. */
function ended(decision: AccessDecision, identifier: number, masterKey: Buffer | null): EapAnswer {
  const success = decision.kind === 'ACCEPT';
  const keys =
    success && masterKey !== null
      ? [
          { name: 'MS-MPPE-Recv-Key', value: masterKey.subarray(0, 32) },
          { name: 'MS-MPPE-Send-Key', value: masterKey.subarray(32, 64) },
        ]
      : [];
  return {
    kind: 'DECISION',
    decision,
    attributes: [{ name: 'EAP-Message', value: eapResult(success, identifier) }, ...keys],
  };
}
