import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '@dotmac/device';
import type { DecodedMessage, V3Header } from '../codec/message.ts';
import { decodeOid } from '../codec/oid.ts';
import type { Pdu } from '../codec/pdu.ts';
import type { UserCredential } from '../credential.ts';
import type { Opened, Security } from '../engine/security.ts';
import { SnmpError, type SnmpErrorCode } from '../error.ts';
import { type CipherInput, decryptScopedPdu, encryptScopedPdu } from './cipher.ts';
import { authAlgorithms, localizeKey, passwordToKey, privacyKey } from './keys.ts';
import {
  decodeScopedPdu,
  encodeScopedPdu,
  encodeV3Message,
  FLAG_AUTH,
  FLAG_PRIV,
  FLAG_REPORTABLE,
} from './message.ts';

/** What is known of an authoritative engine. Time is counted on from `readAt`. */
interface EngineState {
  readonly engineId: Buffer;
  readonly boots: number;
  readonly time: number;
  readonly readAt: number;
}

/** Shared by all sessions: engines by address (ids are not unique in the wild), password keys by their source. */
export interface EngineCache {
  readonly engines: Map<string, EngineState>;
  readonly keys: Map<string, Buffer>;
}

const MAX_CACHED_KEYS = 1_000;
const USM_STATS = '1.3.6.1.6.3.15.1.1.';
const NOT_IN_TIME_WINDOW = 2;
const UNKNOWN_ENGINE = 4;

const reportErrors: Readonly<Record<number, readonly [SnmpErrorCode, string]>> = {
  1: ['unsupportedSecurityLevel', 'The agent does not allow this user this security level'],
  3: ['unknownUser', 'The agent does not know this user'],
  4: ['unknownEngine', 'The agent refuses its own engine id'],
  5: ['wrongDigest', 'The agent found a wrong digest: authentication password or protocol is wrong'],
  6: ['decryption', 'The agent could not decrypt: privacy password or protocol is wrong'],
};

/** Agents leave what they cannot decrypt without an answer; snmpd does. */
const silently = 'the privacy password or protocol is probably wrong';

interface LocalizedKeys {
  readonly engineId: Buffer;
  readonly auth: Buffer;
  readonly priv: Buffer;
}

/** User-based security (RFC 3414) for one agent. Throws `badCredential` when passwords or protocols are missing. */
export function usmSecurity(
  credential: UserCredential,
  address: string,
  cache: EngineCache,
  clock: Clock,
): Security {
  checkCredential(credential);
  const authenticated = credential.level !== 'noAuthNoPriv';
  const encrypted = credential.level === 'authPriv';
  const flags = (authenticated ? FLAG_AUTH : 0) | (encrypted ? FLAG_PRIV : 0);
  const user = Buffer.from(credential.user, 'utf8');
  const context = Buffer.from(credential.contextName ?? '', 'utf8');
  const algorithm = authAlgorithms[credential.authProtocol ?? 'sha1'];
  let keys: LocalizedKeys | null = null;
  let answered = false;
  let salt = randomBytes(8).readBigUInt64BE();

  function keysFor(engineId: Buffer): LocalizedKeys {
    if (keys?.engineId.equals(engineId)) return keys;
    const protocol = credential.authProtocol ?? 'sha1';
    const bound = (password: string | undefined) =>
      localizeKey(protocol, cachedPasswordKey(cache, protocol, password ?? ''), engineId);
    keys = {
      engineId,
      auth: authenticated ? bound(credential.authPassword) : Buffer.alloc(0),
      priv: encrypted
        ? privacyKey(credential.privProtocol ?? 'aes128', protocol, bound(credential.privPassword), engineId)
        : Buffer.alloc(0),
    };
    return keys;
  }

  function cipherInput(engineId: Buffer, boots: number, time: number, parameters: Buffer): CipherInput {
    const protocol = credential.privProtocol ?? 'aes128';
    return { protocol, key: keysFor(engineId).priv, engineBoots: boots, engineTime: time, salt: parameters };
  }

  function digest(datagram: Buffer, engineId: Buffer): Buffer {
    const mac = createHmac(algorithm.hash, keysFor(engineId).auth).update(datagram).digest();
    return mac.subarray(0, algorithm.digestOctets);
  }

  /** An empty engine id makes the agent report its own (RFC 3414 §4). */
  function discovery(id: number): Buffer {
    const none = Buffer.alloc(0);
    const pdu: Pdu = { type: 'get', requestId: id, errorStatus: 0, errorIndex: 0, varbinds: [] };
    const fields = {
      messageId: id,
      flags: FLAG_REPORTABLE,
      engineId: none,
      engineBoots: 0,
      engineTime: 0,
      userName: none,
      authParameters: none,
      privParameters: none,
    };
    return encodeV3Message(fields, encodeScopedPdu(none, none, pdu)).datagram;
  }

  function encode(pdu: Pdu, id: number): Buffer {
    const engine = cache.engines.get(address);
    if (engine === undefined) return discovery(id);
    const boots = engine.boots;
    const time = engine.time + Math.floor((clock.now() - engine.readAt) / 1000);
    const plain = encodeScopedPdu(engine.engineId, context, pdu);
    let scoped = plain;
    let privParameters: Buffer = Buffer.alloc(0);
    if (encrypted) {
      privParameters = Buffer.alloc(8);
      salt = BigInt.asUintN(64, salt + 1n);
      privParameters.writeBigUInt64BE(salt);
      // DES asks for engineBoots in the first half of the salt (RFC 3414 §8.1.1.1).
      if (credential.privProtocol === 'des') privParameters.writeUInt32BE(boots >>> 0);
      scoped = encryptScopedPdu(cipherInput(engine.engineId, boots, time, privParameters), plain);
    }
    const { datagram, authOffset } = encodeV3Message(
      {
        messageId: id,
        flags: flags | FLAG_REPORTABLE,
        engineId: engine.engineId,
        engineBoots: boots,
        engineTime: time,
        userName: user,
        authParameters: Buffer.alloc(authenticated ? algorithm.digestOctets : 0),
        privParameters,
      },
      scoped,
    );
    if (authenticated) digest(datagram, engine.engineId).copy(datagram, authOffset);
    return datagram;
  }

  /** Whether the digest of a received message is right. */
  function isAuthentic(header: V3Header, datagram: Buffer): boolean {
    if (!authenticated || header.authParameters.length !== algorithm.digestOctets) return false;
    if (!header.userName.equals(user)) return false;
    // Computed over the message with zeros in the digest's place (RFC 3414 §6.3.2); nobody reads it there again.
    const claimed = Buffer.from(header.authParameters);
    header.authParameters.fill(0);
    return timingSafeEqual(digest(datagram, header.engineId), claimed);
  }

  function adopt(header: V3Header): void {
    cache.engines.set(address, {
      engineId: Buffer.from(header.engineId),
      boots: header.engineBoots,
      time: header.engineTime,
      readAt: clock.now(),
    });
  }

  function openReport(header: V3Header, pdu: Pdu, authentic: boolean): Opened {
    const oid = decodeOid(pdu.varbinds[0]?.oid ?? new Uint8Array()) ?? '';
    const kind = oid.startsWith(USM_STATS) ? Number.parseInt(oid.slice(USM_STATS.length), 10) : 0;
    const known = cache.engines.get(address);
    if (kind === UNKNOWN_ENGINE && header.engineId.length > 0 && !known?.engineId.equals(header.engineId)) {
      adopt(header);
      return { kind: 'again' };
    }
    if (kind === NOT_IN_TIME_WINDOW) {
      // The report says what to believe from now on, so it must be proven (RFC 3414 §3.2 step 7).
      if (!authentic) return { kind: 'ignored', reason: 'a time report that is not authenticated' };
      adopt(header);
      return { kind: 'again' };
    }
    const [code, text] = reportErrors[kind] ?? ['malformed', `The agent reports ${oid || 'nothing known'}`];
    return { kind: 'failed', error: new SnmpError(code, text) };
  }

  function open(message: DecodedMessage, datagram: Buffer): Opened {
    if (message.kind !== 'v3') return { kind: 'ignored', reason: `${message.kind} message` };
    const { header } = message;
    const authentic = (header.flags & FLAG_AUTH) !== 0 && isAuthentic(header, datagram);
    if (header.flags & FLAG_AUTH && !authentic) return { kind: 'ignored', reason: 'its digest is wrong' };
    let plain: Buffer | null = header.scopedPdu;
    if (header.flags & FLAG_PRIV) {
      if (!encrypted) return { kind: 'ignored', reason: 'encrypted without being asked' };
      const input = cipherInput(
        header.engineId,
        header.engineBoots,
        header.engineTime,
        header.privParameters,
      );
      plain = decryptScopedPdu(input, header.scopedPdu);
    }
    const pdu = plain === null ? 'its encryption is malformed' : decodeScopedPdu(plain);
    if (typeof pdu === 'string') return { kind: 'ignored', reason: pdu };
    if (pdu.type === 'report') return openReport(header, pdu, authentic);
    if ((header.flags & flags) !== flags) return { kind: 'ignored', reason: 'a lower security level' };
    if (pdu.type !== 'response' || pdu.requestId !== header.messageId) {
      return { kind: 'ignored', reason: 'not the reply to this request' };
    }
    answered = true;
    if (authentic) followClock(header);
    return { kind: 'reply', pdu };
  }

  /** Moves our notion of the engine's clock forward, never back (RFC 3414 §3.2 step 7b). */
  function followClock(header: V3Header): void {
    const known = cache.engines.get(address);
    if (known === undefined || !known.engineId.equals(header.engineId)) return;
    const expected = known.time + (clock.now() - known.readAt) / 1000;
    const newer = header.engineBoots === known.boots && header.engineTime > expected + 1;
    if (header.engineBoots > known.boots || newer) adopt(header);
  }

  return {
    version: '3',
    encode,
    open,
    doubtSilence() {
      // Before discovery nothing was asked with the credential.
      if (!encrypted || !cache.engines.has(address)) return null;
      const question: Security = {
        version: '3',
        encode: (_pdu, id) => discovery(id),
        open(message) {
          if (message.kind !== 'v3') return { kind: 'ignored', reason: `${message.kind} message` };
          const pdu = decodeScopedPdu(message.header.scopedPdu);
          return typeof pdu === 'string' ? { kind: 'ignored', reason: pdu } : { kind: 'reply', pdu };
        },
        doubtSilence: () => null,
      };
      const since = answered ? 'no longer this user' : 'not this user';
      return {
        question,
        meaning: new SnmpError('decryption', `The agent answers discovery but ${since}: ${silently}`),
      };
    },
  };
}

function cachedPasswordKey(
  cache: EngineCache,
  protocol: NonNullable<UserCredential['authProtocol']>,
  password: string,
): Buffer {
  const name = `${protocol} ${password}`;
  let key = cache.keys.get(name);
  if (key === undefined) {
    key = passwordToKey(protocol, Buffer.from(password, 'utf8'));
    const [oldest] = cache.keys.keys();
    if (cache.keys.size >= MAX_CACHED_KEYS && oldest !== undefined) cache.keys.delete(oldest);
    cache.keys.set(name, key);
  }
  return key;
}

function checkCredential(credential: UserCredential): void {
  const missing: string[] = [];
  if (credential.user === '') missing.push('user');
  if (credential.level !== 'noAuthNoPriv') {
    if (credential.authProtocol === undefined) missing.push('authProtocol');
    if (!credential.authPassword) missing.push('authPassword');
  }
  if (credential.level === 'authPriv') {
    if (credential.privProtocol === undefined) missing.push('privProtocol');
    if (!credential.privPassword) missing.push('privPassword');
  }
  if (missing.length > 0) {
    throw new SnmpError('badCredential', `SNMPv3 ${credential.level} needs ${missing.join(', ')}`);
  }
}
