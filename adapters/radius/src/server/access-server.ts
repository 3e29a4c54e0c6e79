import { type Attribute, encodeAttributes } from '../attribute/encode.ts';
import type { EapServer } from '../eap/server.ts';
import { buildReply } from '../packet/build.ts';
import { attributeTypes, headerLength, packetCodes } from '../packet/codes.ts';
import { forwardAccess } from '../proxy/forward.ts';
import type { HomeServerPool } from '../proxy/home-servers.ts';
import type { PacketTap } from '../trace/tap.ts';
import { type AccessChallenge, obligations, replyCodes } from './access-reply.ts';
import { AccessRequestView } from './access-request.ts';
import { Admission } from './admission.ts';
import type { DuplicateEntry } from './duplicate-cache.ts';
import type { Nas } from './nas.ts';
import { ownView } from './own-view.ts';
import type { AccessAccept, AccessDecision, AccessLater, AccessReject } from './policy.ts';
import { type Peer, type Received, Reception, type ServerContext, tellSecret } from './reception.ts';
import { answerStatusServer } from './status-server.ts';

export interface AccessServerOptions {
  /** A reject waits this long, to slow down guessing and reject storms. 0 sends at once. */
  readonly rejectDelayMs: number;
  /** Called once per NAS whose first valid Message-Authenticator is seen, so that `AUTO` survives a restart. */
  readonly onMessageAuthenticatorSeen: (nas: Nas) => void;
}

const none: readonly never[] = [];

/** Answers Access-Requests and Status-Servers, whatever transport they come by. No promise on the way but for EAP and other realms. */
export class AccessServer {
  readonly #context: ServerContext;
  readonly #options: AccessServerOptions;
  readonly #reception: Reception;
  readonly #admission: Admission;
  readonly #delayed = new Set<NodeJS.Timeout>();
  /** Null leaves EAP to the policy, which sees it as method `EAP`. */
  #eap: EapServer | null;

  constructor(context: ServerContext, options: AccessServerOptions, eap: EapServer | null) {
    this.#eap = eap;
    this.#context = context;
    this.#options = options;
    this.#reception = new Reception(context);
    this.#admission = new Admission(options.onMessageAuthenticatorSeen);
  }

  handle(datagram: Buffer, peer: Peer): void {
    const received = this.#reception.receive(datagram, peer);
    if (received === null) return;
    const code = datagram[0];
    if (code === packetCodes['Access-Request']) this.#access(received);
    else if (code === packetCodes['Status-Server'])
      answerStatusServer(received, this.#reception, this.#context, packetCodes['Access-Accept']);
    else this.#reception.drop(received, 'UNEXPECTED_CODE', String(code));
  }

  close(): void {
    for (const timer of this.#delayed) clearTimeout(timer);
    this.#delayed.clear();
    this.#eap?.close();
  }

  /** Conversations that are under way begin anew. */
  useEap(eap: EapServer | null): void {
    this.#eap?.close();
    this.#eap = eap;
  }

  #access(received: Received): void {
    const { nas, packet, scan, peer } = received;
    const { counters, dictionary, tap } = this.#context;
    counters.accessRequests++;
    const proven = this.#admission.admit(received);
    if (typeof proven === 'string') {
      this.#reception.drop(received, proven, proven === 'BAD_AUTHENTICATOR' ? 'Message-Authenticator' : null);
      return;
    }
    const request = this.#reception.begin(received);
    if (request === null) return;
    if (tap?.on === true) tap.received(received);
    const view = new AccessRequestView(
      nas,
      peer.address,
      received.receivedAt,
      packet,
      scan,
      dictionary,
      proven,
    );
    const pool = this.#context.policy.route?.(view) ?? null;
    const eap = this.#eap;
    if (pool !== null) void this.#forward(pool, view, received, request);
    else if (eap !== null && view.method === 'EAP') void this.#converse(eap, view, received, request);
    else {
      const decision = this.#judge(view, received);
      if (decision.kind === 'LATER') void this.#decideLater(decision, view, received, request);
      else this.#answer(decision, view, received, request, obligations);
    }
  }

  /** A realm of somebody else. A lost home server is a reject, not silence: the NAS would take us for dead. */
  async #forward(
    pool: HomeServerPool,
    shared: AccessRequestView,
    received: Received,
    request: DuplicateEntry,
  ): Promise<void> {
    await this.#answerApart(shared, received, request, 'PROXY_FAILED', async (view, own) => {
      const { tap, clock } = this.#context;
      const asked = { nasId: own.nas.id, sourceAddress: own.peer.address, request: own.packet };
      const answer = await forwardAccess(view, pool, tap?.hopOf(asked, clock));
      if (answer === null)
        this.#context.anomalies.report(
          'HOME_SERVER_UNREACHABLE',
          own.peer.address,
          own.nas.id,
          view.userName,
        );
      const lost = { kind: 'REJECT', reason: 'HOME_SERVER_UNREACHABLE' } as const;
      this.#answer(answer ?? lost, view, own, request, () => []);
    });
  }

  async #decideLater(
    later: AccessLater,
    shared: AccessRequestView,
    received: Received,
    request: DuplicateEntry,
  ): Promise<void> {
    await this.#answerApart(shared, received, request, 'POLICY_FAILED', async (view, own) =>
      this.#answer(await later.decide(view), view, own, request, obligations),
    );
  }

  /** Answers after the packet's turn. When that fails the NAS may ask again: the request is forgotten. */
  async #answerApart(
    shared: AccessRequestView,
    received: Received,
    request: DuplicateEntry,
    failure: 'PROXY_FAILED' | 'POLICY_FAILED',
    answer: (view: AccessRequestView, own: Received) => Promise<void>,
  ): Promise<void> {
    const { view, own } = ownView(shared, received);
    try {
      await answer(view, own);
    } catch (error) {
      this.#reception.forget(own.peer, own.packet, request);
      this.#reception.drop(own, failure, error instanceof Error ? error.message : String(error));
    }
  }

  /** EAP, whose TLS takes turns of the event loop. */
  async #converse(
    eap: EapServer,
    shared: AccessRequestView,
    received: Received,
    request: DuplicateEntry,
  ): Promise<void> {
    const { view, viewOf, own } = ownView(shared, received);
    try {
      const answer = await eap.handle(
        own.nas.id,
        view.eapMessage(),
        view.octets(attributeTypes.state),
        own.receivedAt,
        async (identity, credential) => {
          const shown = viewOf(credential, identity);
          const decision = this.#judge(shown, own);
          return decision.kind === 'LATER' ? decision.decide(shown) : decision;
        },
      );
      if (answer === null)
        this.#answer({ kind: 'DISCARD', reason: 'EAP_OUT_OF_STEP' }, view, own, request, () => []);
      else if (answer.kind === 'DECISION')
        this.#answer(answer.decision, view, own, request, () => answer.attributes);
      else this.#answer({ kind: 'CHALLENGE', attributes: answer.attributes }, view, own, request, () => []);
    } catch (error) {
      this.#reception.forget(own.peer, own.packet, request);
      this.#reception.drop(own, 'EAP_FAILED', error instanceof Error ? error.message : String(error));
    }
  }

  /** A policy that throws must not take the server with it: the request is reported and left unanswered. */
  #judge(view: AccessRequestView, received: Received): AccessDecision | AccessLater {
    try {
      return this.#context.policy.authenticate(view);
    } catch (error) {
      this.#context.anomalies.report(
        'POLICY_FAILED',
        received.peer.address,
        received.nas.id,
        error instanceof Error ? error.message : String(error),
      );
      return { kind: 'DISCARD', reason: 'POLICY_FAILED' };
    }
  }

  #answer(
    decision: AccessDecision | AccessChallenge,
    view: AccessRequestView,
    received: Received,
    request: DuplicateEntry,
    more: typeof obligations,
  ): void {
    const { counters, tap } = this.#context;
    if (view.secretProven) tellSecret(this.#context, received, view.secret);
    if (decision.kind === 'DISCARD') {
      counters.discarded++;
      this.#reception.forget(received.peer, received.packet, request);
      return;
    }
    const owed = more(decision, view);
    const { attributes: given = none } = decision;
    const attributes = owed.length === 0 ? given : [...given, ...owed];
    const reply = this.#encode(decision, attributes, view, received, request.room);
    if (reply === null) {
      this.#reception.forget(received.peer, received.packet, request);
      return;
    }
    const heard = tap?.on === true ? this.#listenerTo(received, tap) : null;
    const send = () => {
      request.reply = reply;
      received.peer.send(reply);
      heard?.(reply);
    };
    if (decision.kind === 'ACCEPT') counters.accessAccepts++;
    else if (decision.kind === 'REJECT') counters.accessRejects++;
    else counters.accessChallenges++;
    if (decision.kind !== 'REJECT' || this.#options.rejectDelayMs === 0) send();
    else this.#sendLater(send);
  }

  #encode(
    decision: AccessAccept | AccessReject | AccessChallenge,
    attributes: readonly Attribute[],
    view: AccessRequestView,
    received: Received,
    room: Buffer | null,
  ): Buffer | null {
    let blocks = (decision.kind === 'ACCEPT' ? decision.blocks : undefined) ?? none;
    try {
      if (attributes.length > 0) {
        const { authenticator, secret } = view;
        const { dictionary } = this.#context;
        blocks = [...blocks, encodeAttributes(dictionary, attributes, { authenticator, secret })];
      }
      if (decision.kind === 'ACCEPT' && view.proof !== null) blocks = [...blocks, view.proof];
      return buildReply({
        code: replyCodes[decision.kind],
        request: view.packet,
        scan: view.scan,
        secret: view.secret,
        blocks,
        messageAuthenticator: true,
        room,
      });
    } catch (error) {
      // A reply the policy composed wrongly must neither stop the server nor go out half.
      this.#reception.drop(
        received,
        'REPLY_NOT_ENCODABLE',
        error instanceof Error ? error.message : String(error),
      );
      return null;
    }
  }

  /** Tells the tap of a reply. The header is a copy: a reject waits, and the packet's buffer moves on. */
  #listenerTo({ nas, peer, packet }: Received, tap: PacketTap): (reply: Buffer) => void {
    const { clock } = this.#context;
    const request = Buffer.from(packet.subarray(0, headerLength));
    return (reply) => tap.sent({ nasId: nas.id, peerAddress: peer.address, request, at: clock.now() }, reply);
  }

  #sendLater(send: () => void): void {
    const timer = setTimeout(() => {
      this.#delayed.delete(timer);
      send();
    }, this.#options.rejectDelayMs);
    this.#delayed.add(timer);
  }
}
