import { randomFillSync } from 'node:crypto';
import {
  verifyAuthenticator,
  verifyMessageAuthenticator,
  writeAuthenticator,
  writeMessageAuthenticator,
  zeroAuthenticator,
} from './authenticator.ts';
import { attributeTypes, headerLength, maximumPacketLength, packetCodes } from './codes.ts';
import { createScan, type MalformedReason, nextAttribute, type PacketScan, scanPacket } from './scan.ts';
import type { SharedSecret } from './shared-secret.ts';

/** A packet that would be longer than 4096 octets. */
export class PacketTooLongError extends Error {
  override readonly name = 'PacketTooLongError';
  readonly code = 'PACKET_TOO_LONG';
}

export interface RequestParts {
  readonly code: number;
  readonly identifier: number;
  readonly secret: SharedSecret;
  /** Encoded attributes; encrypted ones with `authenticator` of this same request. */
  readonly attributes: Uint8Array;
  /** Message-Authenticator, as first attribute. Always right for Access-Request and Status-Server. */
  readonly messageAuthenticator: boolean;
  /** For Access-Request and Status-Server: 16 random octets. The others compute theirs. */
  readonly authenticator?: Uint8Array;
}

/** Builds and signs a request. Throws `PacketTooLongError`. */
export function buildRequest(parts: RequestParts): Buffer {
  const { code, secret } = parts;
  const computed = code !== packetCodes['Access-Request'] && code !== packetCodes['Status-Server'];
  const packet = assemble(code, parts.identifier, parts.messageAuthenticator, [parts.attributes]);
  if (computed) packet.fill(0, 4, headerLength);
  else if (parts.authenticator !== undefined) packet.set(parts.authenticator, 4);
  else randomFillSync(packet, 4, 16);
  if (parts.messageAuthenticator)
    writeMessageAuthenticator(packet, packet.length, 22, packet.subarray(4, 20), secret, packet, 22);
  if (computed) writeAuthenticator(packet, packet.length, zeroAuthenticator, secret, packet, 4);
  return packet;
}

/** The Request Authenticator that a request under construction shall carry. */
export function randomAuthenticator(): Uint8Array {
  return randomFillSync(new Uint8Array(16));
}

export interface ReplyParts {
  readonly code: number;
  /** The request, scanned: its identifier, authenticator and Proxy-State go into the reply. */
  readonly request: Uint8Array;
  readonly scan: PacketScan;
  readonly secret: SharedSecret;
  /** Encoded attributes, in order. */
  readonly blocks: readonly Uint8Array[];
  readonly messageAuthenticator: boolean;
  /** Where to write the reply when it has just this length, so that none is allocated. */
  readonly room?: Buffer | null;
}

/**
 * Builds and signs a reply: Message-Authenticator first (CVE-2024-3596), then the attributes, then every Proxy-State of
 * the request unchanged and in order (RFC 2865 §5.33). Throws `PacketTooLongError`.
 */
export function buildReply(parts: ReplyParts): Buffer {
  const { request, scan, secret } = parts;
  let { blocks } = parts;
  for (let at = scan.firstOffsets[attributeTypes.proxyState] as number; at !== 0; ) {
    const end = at + (request[at + 1] as number);
    blocks = [...blocks, request.subarray(at, end)];
    at = nextAttribute(request, scan, attributeTypes.proxyState, end);
  }
  const { messageAuthenticator, room = null } = parts;
  const packet = assemble(parts.code, request[1] as number, messageAuthenticator, blocks, room);
  if (messageAuthenticator)
    writeMessageAuthenticator(packet, packet.length, 22, request, secret, packet, 22, 4);
  writeAuthenticator(packet, packet.length, request, secret, packet, 4, 4);
  return packet;
}

function assemble(
  code: number,
  identifier: number,
  withMa: boolean,
  blocks: readonly Uint8Array[],
  room: Buffer | null = null,
): Buffer {
  let length = headerLength + (withMa ? 18 : 0);
  for (const block of blocks) length += block.length;
  if (length > maximumPacketLength)
    throw new PacketTooLongError(
      `The packet would have ${length} octets, the most is ${maximumPacketLength}`,
    );
  const packet = room?.length === length ? room : Buffer.allocUnsafe(length);
  packet[0] = code;
  packet[1] = identifier;
  packet[2] = length >> 8;
  packet[3] = length & 255;
  let at = headerLength;
  if (withMa) {
    packet[at] = attributeTypes.messageAuthenticator;
    packet[at + 1] = 18;
    packet.fill(0, at + 2, at + 18);
    at += 18;
  }
  for (const block of blocks) {
    packet.set(block, at);
    at += block.length;
  }
  return packet;
}

/** Why a reply is not the answer to a request. */
export type BadReplyReason =
  | MalformedReason
  | 'IDENTIFIER_MISMATCH'
  | 'RESPONSE_AUTHENTICATOR'
  | 'MESSAGE_AUTHENTICATOR'
  | 'MESSAGE_AUTHENTICATOR_MISSING';

/**
 * Checks a reply against its request: identifier, Response Authenticator, and Message-Authenticator when present or
 * when `requireMessageAuthenticator`. Returns null when it is genuine.
 */
export function verifyReply(
  reply: Uint8Array,
  request: Uint8Array,
  secret: SharedSecret,
  requireMessageAuthenticator = false,
): BadReplyReason | null {
  const scan = createScan();
  const malformed = scanPacket(reply, scan);
  if (malformed !== null) return malformed;
  if (reply[1] !== request[1]) return 'IDENTIFIER_MISMATCH';
  const authenticator = request.subarray(4, headerLength);
  if (!verifyAuthenticator(reply, scan.length, authenticator, secret)) return 'RESPONSE_AUTHENTICATOR';
  if (scan.messageAuthenticatorAt === 0)
    return requireMessageAuthenticator ? 'MESSAGE_AUTHENTICATOR_MISSING' : null;
  return verifyMessageAuthenticator(reply, scan, authenticator, secret) ? null : 'MESSAGE_AUTHENTICATOR';
}

/**
 * Checks a request whose authenticator is computed (accounting, CoA, Disconnect), and its Message-Authenticator when
 * present. Returns null when it is genuine.
 */
export function verifySignedRequest(
  request: Uint8Array,
  secret: SharedSecret,
): MalformedReason | 'REQUEST_AUTHENTICATOR' | 'MESSAGE_AUTHENTICATOR' | null {
  const scan = createScan();
  const malformed = scanPacket(request, scan);
  if (malformed !== null) return malformed;
  if (!verifyAuthenticator(request, scan.length, zeroAuthenticator, secret)) return 'REQUEST_AUTHENTICATOR';
  if (scan.messageAuthenticatorAt === 0) return null;
  return verifyMessageAuthenticator(request, scan, zeroAuthenticator, secret)
    ? null
    : 'MESSAGE_AUTHENTICATOR';
}
