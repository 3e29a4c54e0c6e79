import { randomBytes } from 'node:crypto';
import dgram from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Clock } from '@dotmac/device';
import { BerError, BerReader } from '../codec/ber.ts';
import { decodeMessage, encodeCommunityMessage } from '../codec/message.ts';
import type { Pdu, ReceivedPdu } from '../codec/pdu.ts';
import type { UserCredential } from '../credential.ts';
import { InboundUsm } from '../usm/inbound.ts';
import { TrapLimiter, type TrapLimits } from './limit.ts';
import { type NotificationContent, readTrapV1, readTrapV2, type SnmpNotification } from './notification.ts';

export interface TrapReceiverOptions extends TrapLimits {
  readonly clock: Clock;
  /** Default `0.0.0.0`. */
  readonly host?: string;
  /** Default 162, which wants a privilege; 0 takes any free port. */
  readonly port?: number;
  /**
   * Communities that are believed (v1, v2c); others are counted and dropped. `any` is for those to whom a notification is
   * a hint and no more: a community travels in the clear and proves nothing.
   */
  readonly communities: readonly string[] | 'any';
  /** Users of v3; each must send at exactly its level. */
  readonly users?: readonly UserCredential[];
  /** An inform is answered once this has resolved, and not at all when it rejects: the sender tries again. */
  readonly onNotification: (notification: SnmpNotification) => void | Promise<void>;
  readonly onError: (error: Error) => void;
}

/** Everything that came in, by what became of it. */
export interface TrapCounters {
  received: number;
  delivered: number;
  /** The same as moments before. */
  coalesced: number;
  /** Over what its source may send. */
  limited: number;
  malformed: number;
  /** Another community or user, a wrong digest, an old message. */
  refused: number;
}

export interface TrapReceiver {
  readonly port: number;
  readonly counters: Readonly<TrapCounters>;
  close(): Promise<void>;
}

/** Listens for traps and informs of v1, v2c and v3. No datagram, whatever is in it, throws or stops it. */
export async function startTrapReceiver(options: TrapReceiverOptions): Promise<TrapReceiver> {
  const { clock, host = '0.0.0.0', port = 162, onError } = options;
  const counters = { received: 0, delivered: 0, coalesced: 0, limited: 0, malformed: 0, refused: 0 };
  const limiter = new TrapLimiter(options);
  const listed = new Set(options.communities === 'any' ? [] : options.communities);
  const believes = (community: string) => options.communities === 'any' || listed.has(community);
  // RFC 3411 §5, SnmpEngineID: an enterprise number with the top bit, then octets of our own choice.
  const engineId = Buffer.concat([Buffer.from('8000000005', 'hex'), randomBytes(12)]);
  const usm = new InboundUsm(engineId, options.users ?? [], clock.now());
  const socket = dgram.createSocket({
    type: host.includes(':') ? 'udp6' : 'udp4',
    recvBufferSize: 4 * 1024 * 1024,
  });

  const receive = async (datagram: Buffer, from: dgram.RemoteInfo) => {
    counters.received++;
    if (!limiter.admits(from.address, clock.now())) {
      counters.limited++;
      return;
    }
    const message = open(datagram);
    if (message.kind === 'malformed') counters.malformed++;
    if (message.kind === 'refused') {
      counters.refused++;
      if (message.report !== null) socket.send(message.report, from.port, from.address);
    }
    if (message.kind !== 'notification') return;
    const { content, version, sender, inform } = message;
    const what = `${content.trapOid} ${content.varbinds[0]?.oid ?? ''}`;
    if (limiter.isRepeated(from.address, what, clock.now())) {
      counters.coalesced++;
    } else {
      await options.onNotification({
        ...content,
        version,
        sender,
        kind: inform === null ? 'trap' : 'inform',
        source: { address: from.address, port: from.port },
      });
      counters.delivered++;
    }
    if (inform !== null) socket.send(inform(), from.port, from.address);
  };

  function open(datagram: Buffer): Opened {
    const v1 = openV1(datagram, believes);
    if (v1 !== null) return v1;
    const message = decodeMessage(datagram);
    if (message.kind === 'malformed') return message;
    if (message.kind === 'community') {
      const { version, community, pdu } = message;
      if (!believes(community.toString('utf8'))) return { kind: 'refused', report: null };
      const reply = (answer: Pdu) => encodeCommunityMessage(version, community, answer);
      return notification(pdu, version, community.toString('utf8'), reply);
    }
    const opened = usm.open(message.header, datagram, clock.now());
    if (opened.kind === 'refused') return { kind: 'refused', report: opened.report };
    return notification(opened.pdu, '3', opened.user, opened.reply);
  }

  socket.on('message', (datagram, from) => {
    receive(datagram, from).catch((error: unknown) => onError(error as Error));
  });
  socket.bind(port, host);
  await once(socket, 'listening');
  socket.on('error', onError);
  return {
    port: (socket.address() as AddressInfo).port,
    counters,
    close: () => new Promise((done) => socket.close(() => done())),
  };
}

type Opened =
  | { readonly kind: 'malformed' }
  | { readonly kind: 'refused'; readonly report: Buffer | null }
  | {
      readonly kind: 'notification';
      readonly content: NotificationContent;
      readonly version: SnmpNotification['version'];
      readonly sender: string;
      /** The answer to an inform. */
      readonly inform: (() => Buffer) | null;
    };

function notification(
  pdu: ReceivedPdu,
  version: SnmpNotification['version'],
  sender: string,
  reply: (answer: Pdu) => Buffer,
): Opened {
  if (pdu.type !== 'trap' && pdu.type !== 'inform') return { kind: 'refused', report: null };
  const content = readTrapV2(pdu);
  if (typeof content === 'string') return { kind: 'malformed' };
  const { requestId, varbinds } = pdu;
  const answer = () => reply({ type: 'response', requestId, errorStatus: 0, errorIndex: 0, varbinds });
  return { kind: 'notification', content, version, sender, inform: pdu.type === 'inform' ? answer : null };
}

/** A v1 trap, or null when the datagram is something else. */
function openV1(datagram: Buffer, believes: (community: string) => boolean): Opened | null {
  try {
    const message = new BerReader(datagram).enter(0x30);
    if (message.integer() !== 0) return null;
    const community = message.octets(0x04).toString('utf8');
    if (message.peekTag() !== 0xa4) return null;
    if (!believes(community)) return { kind: 'refused', report: null };
    const content = readTrapV1(message);
    if (typeof content === 'string') return { kind: 'malformed' };
    return { kind: 'notification', content, version: '1', sender: community, inform: null };
  } catch (error) {
    if (error instanceof BerError) return { kind: 'malformed' };
    throw error;
  }
}
