import type { Clock } from '@dotmac/device';
import { attributeTypes, packetCodes } from '../packet/codes.ts';
import { attributeValue, createScan, nextAttribute, type PacketScan, scanPacket } from '../packet/scan.ts';
import type { HopListener } from '../proxy/home-servers.ts';
import type { RadSecCertificate } from '../radsec/certificate.ts';
import type { Peer, Received } from '../server/reception.ts';

/** A packet on the wire, or what was decided between a request and its reply. */
export type TapEntry<Note> =
  | {
      readonly kind: 'PACKET';
      readonly at: number;
      readonly direction: 'RECEIVED' | 'SENT';
      readonly nasId: string;
      /** Who is at the other end: the NAS, or a home server that is asked for it. */
      readonly peer: 'NAS' | 'HOME_SERVER';
      readonly peerAddress: string;
      /** With which a NAS has come over TLS; null over UDP. */
      readonly certificate: RadSecCertificate | null;
      /** A request that came again, and the same reply for it (RFC 5080 §2.2.2). */
      readonly repeated: boolean;
      /** A copy. */
      readonly packet: Buffer;
    }
  | { readonly kind: 'DECISION'; readonly at: number; readonly nasId: string; readonly note: Note };

export interface TapListener<Note> {
  /**
   * Whom a packet concerns by what it says in clear: the login name, and what we once gave the session, as hexadecimal.
   * Null: not to be told yet.
   */
  subjectOf(userName: string | null, classes: readonly string[]): string | null;
  wanted(subject: string): boolean;
  take(subject: string, entry: TapEntry<Note>): void;
}

/** A request of a NAS: its source address, and at least its header. */
export interface TappedRequest {
  readonly nasId: string;
  readonly sourceAddress: string;
  readonly request: Uint8Array;
}

interface Exchange<Note> {
  subject: string | null;
  certificate: RadSecCertificate | null;
  /** Kept back until it is known whom they concern, as the first packets of a tunnel. */
  readonly held: TapEntry<Note>[];
}

/** Requests on their way and rounds of EAP that wait for the next, the oldest forgotten first. */
const mostExchanges = 512;
const mostHeld = 64;

/**
 * Listens to the packets of some. What belongs together is found by address, identifier and Request Authenticator, and over
 * the rounds of EAP by State, for only the inside of a tunnel says who it is.
 */
export class PacketTap<Note = unknown> {
  /** All that the packet path looks at while nobody is listened to. */
  on = false;
  readonly #listener: TapListener<Note>;
  readonly #requests = new Map<string, Exchange<Note>>();
  readonly #rounds = new Map<string, Exchange<Note>>();

  constructor(listener: TapListener<Note>) {
    this.#listener = listener;
  }

  /** A request that is answered, called once its authenticator has been checked. */
  received(request: Received): void {
    const { packet, scan, nas, peer } = request;
    const state = attributeValue(packet, scan, attributeTypes.state);
    const exchange = this.#rounds.get(roundOf(nas.id, state)) ?? newExchange<Note>(peer);
    this.#note(exchange, request, false);
    remember(this.#requests, requestOf(peer.address, packet), exchange);
  }

  /** A copy of a request that is in progress (`reply` is null) or was answered, and is so again with the same octets. */
  repeated(request: Received, reply: Buffer | null): void {
    const { packet, nas, peer, receivedAt } = request;
    const exchange = this.#requests.get(requestOf(peer.address, packet)) ?? newExchange<Note>(peer);
    this.#note(exchange, request, true);
    if (reply === null) return;
    this.#noteReply(exchange, { at: receivedAt, nasId: nas.id, peerAddress: peer.address }, reply, true);
  }

  /** Hears what goes to home servers on behalf of a NAS's request, and comes back; undefined for one nobody listens to. */
  hopOf({ nasId, sourceAddress, request }: TappedRequest, clock: Clock): HopListener | undefined {
    const exchange = this.on ? this.#requests.get(requestOf(sourceAddress, request)) : undefined;
    if (exchange === undefined) return undefined;
    return (direction, packet, peerAddress) =>
      this.#add(exchange, {
        kind: 'PACKET',
        at: clock.now(),
        direction,
        nasId,
        peer: 'HOME_SERVER',
        peerAddress,
        certificate: null,
        repeated: false,
        packet: Buffer.from(packet),
      });
  }

  /** What the policy decided on a request, and on whom. */
  decided(
    about: {
      readonly sourceAddress: string;
      readonly packet: Buffer;
      readonly nasId: string;
      readonly at: number;
    },
    subject: string | null,
    note: Note,
  ): void {
    const exchange = this.#requests.get(requestOf(about.sourceAddress, about.packet));
    if (exchange === undefined) return;
    // The name outside a tunnel may be anybody's; the one that was decided on holds.
    if (subject !== null && subject !== exchange.subject) {
      exchange.subject = subject;
      for (const entry of exchange.held.splice(0)) this.#add(exchange, entry);
    }
    this.#add(exchange, { kind: 'DECISION', at: about.at, nasId: about.nasId, note });
  }

  /** The reply to a request. */
  sent(
    to: {
      readonly nasId: string;
      readonly peerAddress: string;
      readonly request: Uint8Array;
      readonly at: number;
    },
    reply: Buffer,
  ): void {
    const key = requestOf(to.peerAddress, to.request);
    // It is kept: the request may come again, and home servers may be told of it later.
    const exchange = this.#requests.get(key);
    if (exchange === undefined) return;
    this.#noteReply(exchange, to, reply, false);
    if (reply[0] !== packetCodes['Access-Challenge']) return;
    const scan = createScan();
    if (scanPacket(reply, scan) === null)
      remember(this.#rounds, roundOf(to.nasId, attributeValue(reply, scan, attributeTypes.state)), exchange);
  }

  /** Nobody is listened to any more: what was kept back is forgotten. */
  silence(): void {
    this.on = false;
    this.#requests.clear();
    this.#rounds.clear();
  }

  #note(
    exchange: Exchange<Note>,
    { packet, scan, nas, peer, receivedAt }: Received,
    repeated: boolean,
  ): void {
    const copy = Buffer.from(packet.subarray(0, scan.length));
    // Another round may come over another connection.
    exchange.certificate = peer.certificate ?? null;
    exchange.subject ??= this.#listener.subjectOf(...clearWords(copy, scan));
    this.#add(exchange, {
      kind: 'PACKET',
      at: receivedAt,
      direction: 'RECEIVED',
      nasId: nas.id,
      peer: 'NAS',
      peerAddress: peer.address,
      certificate: peer.certificate ?? null,
      repeated,
      packet: copy,
    });
  }

  #noteReply(
    exchange: Exchange<Note>,
    { at, nasId, peerAddress }: { readonly at: number; readonly nasId: string; readonly peerAddress: string },
    reply: Buffer,
    repeated: boolean,
  ): void {
    const packet = Buffer.from(reply);
    this.#add(exchange, {
      kind: 'PACKET',
      at,
      direction: 'SENT',
      nasId,
      peer: 'NAS',
      peerAddress,
      certificate: exchange.certificate,
      repeated,
      packet,
    });
  }

  #add(exchange: Exchange<Note>, entry: TapEntry<Note>): void {
    const { subject, held } = exchange;
    if (subject === null) {
      if (held.length < mostHeld) held.push(entry);
    } else if (this.#listener.wanted(subject)) this.#listener.take(subject, entry);
  }
}

function newExchange<Note>({ certificate }: Pick<Peer, 'certificate'>): Exchange<Note> {
  return { subject: null, certificate: certificate ?? null, held: [] };
}

function clearWords(packet: Buffer, scan: PacketScan): [userName: string | null, classes: readonly string[]] {
  const userName = attributeValue(packet, scan, attributeTypes.userName);
  const classes: string[] = [];
  for (let at = scan.firstOffsets[attributeTypes.class] as number; at !== 0; ) {
    const end = at + (packet[at + 1] as number);
    classes.push(packet.toString('hex', at + 2, end));
    at = nextAttribute(packet, scan, attributeTypes.class, end);
  }
  return [userName === null ? null : Buffer.from(userName).toString('utf8'), classes];
}

function requestOf(address: string, packet: Uint8Array): string {
  return `${address} ${packet[1]} ${Buffer.from(packet.subarray(4, 20)).toString('latin1')}`;
}

function roundOf(nasId: string, state: Uint8Array | null): string {
  return state === null ? '' : `${nasId} ${Buffer.from(state).toString('latin1')}`;
}

function remember<Value>(map: Map<string, Value>, key: string, value: Value): void {
  if (key === '') return;
  map.delete(key);
  map.set(key, value);
  if (map.size <= mostExchanges) return;
  const oldest = map.keys().next().value;
  if (oldest !== undefined) map.delete(oldest);
}
