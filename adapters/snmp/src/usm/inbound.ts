import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { V3Header } from '../codec/message.ts';
import { encodeOid } from '../codec/oid.ts';
import type { Pdu, ReceivedPdu } from '../codec/pdu.ts';
import type { UserCredential } from '../credential.ts';
import { decryptScopedPdu, encryptScopedPdu } from './cipher.ts';
import { authAlgorithms, localizeKey, passwordToKey, privacyKey } from './keys.ts';
import {
  encodeScopedPdu,
  encodeV3Message,
  FLAG_AUTH,
  FLAG_PRIV,
  FLAG_REPORTABLE,
  readScopedPdu,
  type ScopedPdu,
} from './message.ts';

/** Counters of usmStats (RFC 3414 §5) that we report. */
const report = { securityLevel: 1, timeWindow: 2, user: 3, engine: 4, digest: 5, decryption: 6 } as const;
type ReportName = keyof typeof report;
const TIME_WINDOW_SECONDS = 150;
const MOST_ENGINES = 10_000;
const MOST_KEYS = 20_000;

/** A message from outside that is proven as far as its user demands, or what to answer instead. */
export type InboundResult =
  | {
      readonly kind: 'message';
      readonly pdu: ReceivedPdu;
      readonly user: string;
      readonly reply: (pdu: Pdu) => Buffer;
    }
  | { readonly kind: 'refused'; readonly reason: string; readonly report: Buffer | null };

interface Keys {
  readonly auth: Buffer;
  readonly priv: Buffer;
}

/**
 * USM (RFC 3414 §3.2) for what others begin: of a trap the sender's engine is the authority, of an inform ours. Replays
 * are refused by the time window of either. Our boots count minutes, so that a restart never repeats a number.
 */
export class InboundUsm {
  readonly #engineId: Buffer;
  readonly #users: ReadonlyMap<string, UserCredential>;
  readonly #startedAt: number;
  readonly #boots: number;
  readonly #passwordKeys = new Map<string, Buffer>();
  readonly #keys = new Map<string, Keys>();
  readonly #clocks = new Map<string, { boots: number; time: number; at: number }>();

  /** `engineId`: 5 to 32 octets, unlike any other in the network. `now` in milliseconds. */
  constructor(engineId: Buffer, users: readonly UserCredential[], now: number) {
    this.#engineId = engineId;
    this.#users = new Map(users.map((user) => [user.user, user]));
    this.#startedAt = now;
    this.#boots = Math.max(1, Math.floor((now - Date.UTC(2020)) / 60_000)) % 0x7fffffff;
  }

  #time(now: number): number {
    return Math.max(0, Math.floor((now - this.#startedAt) / 1_000));
  }

  open(header: V3Header, datagram: Buffer, now: number): InboundResult {
    const ours = header.engineId.equals(this.#engineId);
    const reportable = (header.flags & FLAG_REPORTABLE) !== 0;
    const refuse = (
      name: ReportName,
      reason: string,
      keys: Keys | null = null,
      user: UserCredential | null = null,
    ) => ({
      kind: 'refused' as const,
      reason,
      report: reportable
        ? this.#encode(header.messageId, this.#reportPdu(name), now, keys, user, null)
        : null,
    });
    // Only what may be answered is ours to be the authority of: informs. Whoever asks learns our engine (§4).
    if (reportable && !ours) return refuse('engine', 'its engine is not ours');
    if (header.engineId.length < 5 || header.engineId.length > 32)
      return refuse('engine', 'its engine id is none');
    const user = this.#users.get(header.userName.toString('utf8'));
    if (user === undefined)
      return refuse('user', `no user "${header.userName.toString('latin1').slice(0, 32)}"`);
    const flags =
      (user.level === 'noAuthNoPriv' ? 0 : FLAG_AUTH) | (user.level === 'authPriv' ? FLAG_PRIV : 0);
    if ((header.flags & (FLAG_AUTH | FLAG_PRIV)) !== flags)
      return refuse('securityLevel', `not ${user.level}`);
    const keys = this.#keysOf(user, header.engineId);
    if (flags & FLAG_AUTH) {
      if (!isAuthentic(user, keys, header, datagram)) return refuse('digest', 'its digest is wrong');
      if (!this.#inTime(header, ours, now)) return refuse('timeWindow', 'it is not of this time', keys, user);
    }
    let plain: Buffer | null = header.scopedPdu;
    if (flags & FLAG_PRIV) {
      plain = decryptScopedPdu(
        {
          protocol: user.privProtocol ?? 'aes128',
          key: keys.priv,
          engineBoots: header.engineBoots,
          engineTime: header.engineTime,
          salt: header.privParameters,
        },
        header.scopedPdu,
      );
    }
    const scoped = plain === null ? 'its encryption is malformed' : readScopedPdu(plain);
    if (typeof scoped === 'string') return refuse('decryption', scoped, keys, user);
    const reply = (answer: Pdu) => this.#encode(header.messageId, answer, now, keys, user, scoped);
    return { kind: 'message', pdu: scoped.pdu, user: user.user, reply };
  }

  #inTime({ engineId, engineBoots, engineTime }: V3Header, ours: boolean, now: number): boolean {
    if (ours)
      return engineBoots === this.#boots && Math.abs(engineTime - this.#time(now)) <= TIME_WINDOW_SECONDS;
    const name = engineId.toString('hex');
    const known = this.#clocks.get(name);
    if (known !== undefined) {
      const expected = known.time + (now - known.at) / 1_000;
      if (engineBoots < known.boots) return false;
      if (engineBoots === known.boots && engineTime < expected - TIME_WINDOW_SECONDS) return false;
      if (engineBoots === known.boots && engineTime <= expected) return true;
    }
    const [oldest] = this.#clocks.keys();
    if (this.#clocks.size >= MOST_ENGINES && oldest !== undefined) this.#clocks.delete(oldest);
    this.#clocks.set(name, { boots: engineBoots, time: engineTime, at: now });
    return true;
  }

  #keysOf(user: UserCredential, engineId: Buffer): Keys {
    const name = `${user.user} ${engineId.toString('hex')}`;
    let keys = this.#keys.get(name);
    if (keys === undefined) {
      const protocol = user.authProtocol ?? 'sha1';
      const bound = (password = '') => localizeKey(protocol, this.#passwordKey(user, password), engineId);
      const none = Buffer.alloc(0);
      keys = {
        auth: user.level === 'noAuthNoPriv' ? none : bound(user.authPassword),
        priv:
          user.level === 'authPriv'
            ? privacyKey(user.privProtocol ?? 'aes128', protocol, bound(user.privPassword), engineId)
            : none,
      };
      if (this.#keys.size >= MOST_KEYS) this.#keys.clear();
      this.#keys.set(name, keys);
    }
    return keys;
  }

  #passwordKey(user: UserCredential, password: string): Buffer {
    const protocol = user.authProtocol ?? 'sha1';
    const name = `${protocol} ${password}`;
    let key = this.#passwordKeys.get(name);
    if (key === undefined) {
      key = passwordToKey(protocol, Buffer.from(password, 'utf8'));
      this.#passwordKeys.set(name, key);
    }
    return key;
  }

  #reportPdu(name: ReportName): Pdu {
    const oid = encodeOid(`1.3.6.1.6.3.15.1.1.${report[name]}.0`);
    const varbinds = [{ oid, value: { type: 'counter32', value: 1 } as const }];
    return { type: 'report', requestId: 0, errorStatus: 0, errorIndex: 0, varbinds };
  }

  /** A message of our engine; a report is authenticated at most. */
  #encode(
    messageId: number,
    pdu: Pdu,
    now: number,
    keys: Keys | null,
    user: UserCredential | null,
    /** What it answers; null for a report. */
    asked: ScopedPdu | null,
  ): Buffer {
    const authenticated = keys !== null && user !== null && user.level !== 'noAuthNoPriv';
    const encrypted = asked !== null && authenticated && user.level === 'authPriv';
    const algorithm = authAlgorithms[user?.authProtocol ?? 'sha1'];
    const engineBoots = this.#boots;
    const engineTime = this.#time(now);
    let scoped = encodeScopedPdu(
      asked?.contextEngineId ?? this.#engineId,
      asked?.contextName ?? Buffer.alloc(0),
      pdu,
    );
    let salt = Buffer.alloc(0);
    if (encrypted) {
      salt = randomBytes(8);
      const protocol = user.privProtocol ?? 'aes128';
      if (protocol === 'des') salt.writeUInt32BE(engineBoots);
      scoped = encryptScopedPdu({ protocol, key: keys.priv, engineBoots, engineTime, salt }, scoped);
    }
    const { datagram, authOffset } = encodeV3Message(
      {
        messageId,
        flags: (authenticated ? FLAG_AUTH : 0) | (encrypted ? FLAG_PRIV : 0),
        engineId: this.#engineId,
        engineBoots,
        engineTime,
        userName: Buffer.from(user?.user ?? '', 'utf8'),
        authParameters: Buffer.alloc(authenticated ? algorithm.digestOctets : 0),
        privParameters: salt,
      },
      scoped,
    );
    if (authenticated) {
      const digest = createHmac(algorithm.hash, keys.auth).update(datagram).digest();
      digest.copy(datagram, authOffset, 0, algorithm.digestOctets);
    }
    return datagram;
  }
}

function isAuthentic(user: UserCredential, keys: Keys, header: V3Header, datagram: Buffer): boolean {
  const { hash, digestOctets } = authAlgorithms[user.authProtocol ?? 'sha1'];
  if (header.authParameters.length !== digestOctets) return false;
  const claimed = Buffer.from(header.authParameters);
  header.authParameters.fill(0);
  const digest = createHmac(hash, keys.auth).update(datagram).digest();
  return timingSafeEqual(digest.subarray(0, digestOctets), claimed);
}
