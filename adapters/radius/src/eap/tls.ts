import { type EapMethod, type Judge, type MethodStep, refused } from './method.ts';
import { eapTypes } from './packet.ts';
import { type EapTlsOptions, TlsChannel } from './tls-channel.ts';

/** Flags of the EAP-TLS family (RFC 5216 §3.1). */
const flags = { lengthIncluded: 0x80, moreFragments: 0x40, start: 0x20 } as const;
/** Octets of TLS in one EAP packet: fits an Ethernet frame with RADIUS around it. */
const fragmentOctets = 1000;
/** A handshake larger than this is not one. */
const mostOctets = 65_536;

/** What goes on inside the tunnel, once it stands. */
export interface Tunnel {
  /** For a server that speaks first inside. */
  begin?(channel: TlsChannel): Promise<void>;
  /** Called when the peer sent data, or nothing at all (an acknowledgement). */
  received(channel: TlsChannel, data: Buffer, judge: Judge): Promise<MethodStep | null> | MethodStep | null;
}

/**
 * EAP-TLS' way of carrying TLS in fragments, for EAP-TLS itself, TTLS and PEAP. A step of the tunnel that is `null` sends
 * what TLS has to send.
 */
export function eapOverTls(
  type: number,
  version: number,
  options: EapTlsOptions,
  requireCertificate: boolean,
  tunnel: Tunnel,
): EapMethod {
  /** Made when the peer speaks TLS, not when it is asked to: many only want another method. */
  let opened: TlsChannel | null = null;
  let incoming: Buffer[] = [];
  let outgoing: Buffer = Buffer.alloc(0);
  let wholeLength = 0;
  let begun = false;
  let ended: MethodStep | null = null;

  const nextFragment = (): MethodStep => {
    const first = outgoing.length === wholeLength;
    const piece = outgoing.subarray(0, fragmentOctets);
    outgoing = outgoing.subarray(piece.length);
    const more = outgoing.length > 0;
    const head = Buffer.alloc(first && more ? 5 : 1);
    head[0] = (first && more ? flags.lengthIncluded : 0) | (more ? flags.moreFragments : 0) | version;
    if (head.length === 5) head.writeUInt32BE(wholeLength, 1);
    return { kind: 'REQUEST', data: Buffer.concat([head, piece]) };
  };
  const flush = (channel: TlsChannel): MethodStep => {
    outgoing = channel.takeOutgoing();
    wholeLength = outgoing.length;
    return nextFragment();
  };
  const advance = async (channel: TlsChannel, octets: Buffer, judge: Judge): Promise<MethodStep> => {
    if (octets.length > 0) await channel.feed(octets);
    if (channel.failure !== null) {
      // The alert goes out first, so that the peer can tell its user; then the refusal.
      ended = refused('TLS_FAILED');
      const alert = flush(channel);
      return alert.kind === 'REQUEST' && alert.data.length > 1 ? alert : ended;
    }
    if (!channel.established) return flush(channel);
    const data = channel.takeReceived();
    let step: MethodStep | null = null;
    if (begun || data.length > 0) {
      begun = true;
      step = await tunnel.received(channel, data, judge);
    } else if (octets.length === 0) {
      begun = true;
      if (tunnel.begin === undefined) step = await tunnel.received(channel, data, judge);
      else await tunnel.begin(channel);
    }
    return step ?? flush(channel);
  };
  return {
    type,
    start: () => Buffer.from([flags.start | version]),
    respond: (data, judge) => {
      const head = data[0];
      if (head === undefined) return refused('EAP_MALFORMED');
      if (outgoing.length > 0) return data.length === 1 ? nextFragment() : refused('EAP_MALFORMED');
      if (ended !== null) return ended;
      const from = (head & flags.lengthIncluded) === 0 ? 1 : 5;
      incoming.push(data.subarray(from));
      if (incoming.reduce((sum, { length }) => sum + length, 0) > mostOctets) return refused('EAP_MALFORMED');
      if ((head & flags.moreFragments) !== 0) return { kind: 'REQUEST', data: Buffer.from([version]) };
      const whole = Buffer.concat(incoming);
      incoming = [];
      opened ??= new TlsChannel(options, requireCertificate);
      return advance(opened, whole, judge);
    },
    close: () => opened?.close(),
  };
}

/** EAP-TLS (RFC 5216): the client's certificate is the credential. */
export function eapTls(options: EapTlsOptions): EapMethod {
  return eapOverTls(eapTypes.tls, 0, options, true, {
    received: async (channel, _data, judge) => {
      const certificate = channel.certificate();
      if (certificate === null) return refused('CERTIFICATE_NOT_TRUSTED');
      const decision = await judge('', { method: 'EAP-TLS', certificate });
      return { kind: 'DONE', decision, masterKey: channel.export(64, 'client EAP encryption') };
    },
  });
}
