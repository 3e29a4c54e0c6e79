import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto';
import { user } from '../columns.ts';
import { answerPdu, type Cursor, Cursor as CursorOf } from './answer.ts';
import { integer, type Objects, tlv } from './objects.ts';

const boots = 3;
const startedAt = Date.now();
const passwordKeys = [user.authPassword, user.privPassword].map((password) => {
  const repeated = Buffer.alloc(1_048_576, password);
  return createHash('sha1').update(repeated).digest();
});
const localized = new Map<string, { readonly auth: Buffer; readonly priv: Buffer }>();

function keysOf(engineId: Buffer) {
  const name = engineId.toString('hex');
  let keys = localized.get(name);
  if (keys === undefined) {
    const [auth, priv] = passwordKeys.map((key) =>
      createHash('sha1').update(key).update(engineId).update(key).digest(),
    ) as [Buffer, Buffer];
    keys = { auth, priv: priv.subarray(0, 16) };
    localized.set(name, keys);
  }
  return keys;
}

/**
 * An SNMPv3 agent (RFC 3414) as small as it can be, apart from the code under test: it reports its engine to those who do
 * not know it, and answers the user's encrypted requests. Digests of requests are not checked.
 */
export function answerV3(cursor: Cursor, engineId: Buffer, tree: Objects): Buffer | null {
  cursor.enter();
  const messageId = cursor.octets();
  cursor.octets();
  const flags = cursor.octets()[0] as number;
  cursor.octets();
  cursor.enter();
  cursor.enter();
  const asked = cursor.octets();
  const askedBoots = cursor.integer();
  const askedTime = cursor.integer();
  cursor.octets();
  cursor.octets();
  const salt = cursor.octets();
  const time = Math.floor((Date.now() - startedAt) / 1000) + 1;
  const report = (counter: number, authenticated: boolean) =>
    message(messageId, engineId, time, {
      flags: authenticated ? 1 : 0,
      pdu: tlv(
        0xa8,
        Buffer.concat([
          integer(0),
          integer(0),
          integer(0),
          tlv(
            0x30,
            tlv(
              0x30,
              Buffer.concat([
                tlv(0x06, Buffer.from([0x2b, 6, 1, 6, 3, 15, 1, 1, counter, 0])),
                integer(1, 0x41),
              ]),
            ),
          ),
        ]),
      ),
    });
  if (!asked.equals(engineId)) return report(4, false);
  if (askedBoots !== boots || Math.abs(askedTime - time) > 150) return report(2, true);
  if ((flags & 3) !== 3) return null;
  const decipher = createDecipheriv('aes-128-cfb', keysOf(engineId).priv, iv(askedBoots, askedTime, salt));
  const scoped = new CursorOf(decipher.update(cursor.octets()));
  scoped.enter();
  scoped.octets();
  scoped.octets();
  return message(messageId, engineId, time, { flags: 3, pdu: answerPdu(scoped, tree) });
}

function iv(engineBoots: number, engineTime: number, salt: Buffer): Buffer {
  const out = Buffer.alloc(16);
  out.writeUInt32BE(engineBoots, 0);
  out.writeUInt32BE(engineTime, 4);
  salt.copy(out, 8);
  return out;
}

function message(
  messageId: Buffer,
  engineId: Buffer,
  time: number,
  { flags, pdu }: { readonly flags: number; readonly pdu: Buffer },
): Buffer {
  const { auth, priv } = keysOf(engineId);
  const salt = flags & 2 ? randomBytes(8) : Buffer.alloc(0);
  let scoped = tlv(0x30, Buffer.concat([tlv(0x04, engineId), tlv(0x04, Buffer.alloc(0)), pdu]));
  if (flags & 2) {
    scoped = tlv(0x04, createCipheriv('aes-128-cfb', priv, iv(boots, time, salt)).update(scoped));
  }
  const digest = Buffer.alloc(flags & 1 ? 12 : 0);
  const name = Buffer.from(flags & 1 ? user.name : '');
  const security = tlv(
    0x30,
    Buffer.concat([
      tlv(0x04, engineId),
      integer(boots),
      integer(time),
      tlv(0x04, name),
      tlv(0x04, digest),
      tlv(0x04, salt),
    ]),
  );
  const global = tlv(
    0x30,
    Buffer.concat([tlv(0x02, messageId), integer(65_507), tlv(0x04, Buffer.of(flags)), integer(3)]),
  );
  const out = tlv(0x30, Buffer.concat([integer(3), global, tlv(0x04, security), scoped]));
  if (flags & 1) {
    const end = out.length - scoped.length - 2 - salt.length;
    createHmac('sha1', auth)
      .update(out)
      .digest()
      .copy(out, end - 12, 0, 12);
  }
  return out;
}
