import { createHash } from 'node:crypto';

/** How the connection is protected. */
export type RouterosTransport =
  /** 8728: the password crosses the network readable. Only inside a tunnel or a management network. */
  | { readonly kind: 'plain' }
  /** 8729 with the certificate we know: SHA-256 fingerprint, hexadecimal, colons optional. */
  | { readonly kind: 'pinned'; readonly fingerprint256: string }
  /** 8729 of a device without certificate: encrypted, but anyone could be at the other end. */
  | { readonly kind: 'anonymous' };

/** What is needed to log in to one device. */
export interface RouterosCredential {
  readonly username: string;
  readonly password: string;
  /** `challenge` for RouterOS before 6.43. Set per device, never tried as a fallback. */
  readonly login?: 'password' | 'challenge';
  readonly transport?: RouterosTransport;
  /** WHATWG label for text on the device that is not UTF-8. */
  readonly codePage?: string;
}

/** The answer to the login challenge before 6.43: `00` and MD5 over a zero octet, the password and the challenge. */
export function challengeResponse(password: string, challengeHex: string): string {
  const hash = createHash('md5').update(Buffer.of(0)).update(password, 'utf8');
  return `00${hash.update(Buffer.from(challengeHex, 'hex')).digest('hex')}`;
}
