import { attributeTypes, packetCodes } from '../packet/codes.ts';
import { attributeValue, createScan, nextAttribute, type PacketScan, scanPacket } from '../packet/scan.ts';
import type { Received } from '../server/reception.ts';

/** A packet on the wire, or what was decided between a request and its reply. */
export type TapEntry<Note> =
  | {
      readonly kind: 'PACKET';
      readonly at: number;
      readonly direction: 'RECEIVED' | 'SENT';
      readonly nasId: string;
      readonly peerAddress: string;
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

interface Exchange<Note> {
  subject: string | null;
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
  received({ packet, scan, nas, peer, receivedAt }: Received): void {
    const state = attributeValue(packet, scan, attributeTypes.state);
    const exchange = this.#rounds.get(roundOf(nas.id, state)) ?? { subject: null, held: [] };
    const copy = Buffer.from(packet.subarray(0, scan.length));
    exchange.subject ??= this.#listener.subjectOf(...clearWords(copy, scan));
    remember(this.#requests, requestOf(peer.address, packet), exchange);
    this.#add(exchange, {
      kind: 'PACKET',
      at: receivedAt,
      direction: 'RECEIVED',
      nasId: nas.id,
      peerAddress: peer.address,
      packet: copy,
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
    const exchange = this.#requests.get(key);
    if (exchange === undefined) return;
    this.#requests.delete(key);
    const { at, nasId, peerAddress } = to;
    this.#add(exchange, {
      kind: 'PACKET',
      at,
      direction: 'SENT',
      nasId,
      peerAddress,
      packet: Buffer.from(reply),
    });
    if (reply[0] !== packetCodes['Access-Challenge']) return;
    const scan = createScan();
    if (scanPacket(reply, scan) === null)
      remember(this.#rounds, roundOf(nasId, attributeValue(reply, scan, attributeTypes.state)), exchange);
  }

  /** Nobody is listened to any more: what was kept back is forgotten. */
  silence(): void {
    this.on = false;
    this.#requests.clear();
    this.#rounds.clear();
  }

  #add(exchange: Exchange<Note>, entry: TapEntry<Note>): void {
    const { subject, held } = exchange;
    if (subject === null) {
      if (held.length < mostHeld) held.push(entry);
    } else if (this.#listener.wanted(subject)) this.#listener.take(subject, entry);
  }
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
