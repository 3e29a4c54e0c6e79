import { md5, md5Append, md5Begin, md5Finish, md5StateOf } from './md5.ts';

/** The secret shared with a peer, with its HMAC-MD5 key schedule (RFC 2104) done once. */
export interface SharedSecret {
  readonly bytes: Uint8Array;
  readonly innerState: Int32Array;
  readonly outerState: Int32Array;
}

/** Prepares a secret. Throws `RangeError` when it is empty. */
export function sharedSecret(secret: string | Uint8Array): SharedSecret {
  const bytes = typeof secret === 'string' ? Buffer.from(secret, 'utf8') : secret;
  if (bytes.length === 0) throw new RangeError('A RADIUS shared secret must not be empty');
  const key = bytes.length > 64 ? md5(bytes) : bytes;
  const inner = new Uint8Array(64).fill(0x36);
  const outer = new Uint8Array(64).fill(0x5c);
  key.forEach((octet, index) => {
    inner[index] = octet ^ 0x36;
    outer[index] = octet ^ 0x5c;
  });
  return { bytes, innerState: md5StateOf(inner), outerState: md5StateOf(outer) };
}

const innerDigest = new Uint8Array(16);

/** Starts an HMAC; feed it with `md5Append` and end it with `hmacMd5Finish`. */
export function hmacMd5Begin(secret: SharedSecret): void {
  md5Begin(secret.innerState, 1);
}

/** Ends an HMAC and writes its 16 octets. */
export function hmacMd5Finish(secret: SharedSecret, out: Uint8Array, offset = 0): void {
  md5Finish(innerDigest);
  md5Begin(secret.outerState, 1);
  md5Append(innerDigest);
  md5Finish(out, offset);
}
