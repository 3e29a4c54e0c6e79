import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import { ValidationError } from '@dotmac/schema';

/** RFC 2865 §3 asks for 16 octets; below that, guessing is cheap. */
const shortestSecret = 8;

/** @throws ValidationError unless it can be typed into any NAS and is not a word anybody would guess first. */
export function checkSecret(field: string, secret: string): string {
  if (secret.length < shortestSecret || secret.length > 128)
    throw new ValidationError(field, `A RADIUS secret has ${shortestSecret} to 128 characters`);
  return secret;
}

/**
 * The secret of a new NAS. One that comes over TLS only has none to say: a random one keeps UDP shut.
 * @throws ValidationError
 */
export function secretOf(sourceAddress: string | null, secret: string | null | undefined): string {
  if (secret != null) return checkSecret('input.secret', secret);
  if (sourceAddress !== null)
    throw new ValidationError('input.secret', 'A NAS that comes over UDP shares a secret with us');
  return randomBytes(32).toString('base64url');
}

/** @throws ValidationError */
export function checkAddress(field: string, address: string): string {
  if (isIP(address) === 0) throw new ValidationError(field, `"${address}" is not an IP address`);
  return address;
}

/** @throws ValidationError naming the profiles there are. */
export function checkProfile(profile: string, known: readonly string[]): string {
  if (!known.includes(profile))
    throw new ValidationError(
      'input.profile',
      `There is no profile "${profile}"; there are: ${known.join(', ')}`,
    );
  return profile;
}

/** How a NAS is known over TLS; both null: it is not. */
export interface NasCertificate {
  readonly certificateName: string | null;
  /** SHA-256, colon-separated, in upper case. */
  readonly certificateFingerprint: string | null;
}

/**
 * How a NAS is known over TLS after a change. One of both: a name outlives the certificate, a fingerprint is this certificate.
 * What is left out stays, unless the other is said.
 * @throws ValidationError
 */
export function certificateAfter(
  input: { readonly [Field in keyof NasCertificate]?: string | null | undefined },
  before: NasCertificate = { certificateName: null, certificateFingerprint: null },
): NasCertificate {
  const { certificateName: name, certificateFingerprint: fingerprint } = input;
  if (name != null && fingerprint != null)
    throw new ValidationError(
      'input.certificateFingerprint',
      'A NAS is known by the name in its certificate or by its fingerprint, not by both',
    );
  return {
    certificateName:
      name === undefined
        ? fingerprint == null
          ? before.certificateName
          : null
        : name && checkCertificateName('input.certificateName', name),
    certificateFingerprint:
      fingerprint === undefined
        ? name == null
          ? before.certificateFingerprint
          : null
        : fingerprint && checkFingerprint('input.certificateFingerprint', fingerprint),
  };
}

/** In lower case, as names in certificates are compared. @throws ValidationError */
function checkCertificateName(field: string, name: string): string {
  const plain = name.trim().toLowerCase();
  if (!/^[^\p{C}\s,*"]{1,253}$/u.test(plain))
    throw new ValidationError(
      field,
      `"${name}" is no name in a certificate; right would be one such as bng-1.example.net, without wildcard`,
    );
  return plain;
}

/** Of any notation. @throws ValidationError */
function checkFingerprint(field: string, fingerprint: string): string {
  const digits = fingerprint.replaceAll(/[\s:]/g, '').toUpperCase();
  if (!/^[0-9A-F]{64}$/.test(digits))
    throw new ValidationError(field, 'It is no SHA-256 fingerprint: that has 64 hexadecimal digits');
  return digits.match(/../g)?.join(':') ?? '';
}

/** @throws ValidationError for a NAS that would be known by nothing. */
export function checkKnown(sourceAddress: string | null, certificate: NasCertificate): void {
  if (
    sourceAddress === null &&
    certificate.certificateName === null &&
    certificate.certificateFingerprint === null
  )
    throw new ValidationError(
      'input.sourceAddress',
      'A NAS is known by its source address, or over TLS by its certificate: say one of them',
    );
}

/** @throws ValidationError */
export function checkPort(port: number): number {
  if (port < 1 || port > 65_535)
    throw new ValidationError('input.coaPort', 'A port lies between 1 and 65535');
  return port;
}

/** @throws ValidationError */
export function checkInterval(seconds: number): number {
  if (seconds < 60 || seconds > 86_400)
    throw new ValidationError(
      'input.interimIntervalSeconds',
      'The interval lies between 60 and 86400 seconds',
    );
  return seconds;
}

export const usualOverlapSeconds = 86_400;
const shortestOverlapSeconds = 60;
const longestOverlapSeconds = 30 * 86_400;

/** For how many seconds two secrets are accepted. @throws ValidationError */
export function checkOverlap(seconds: number): number {
  if (seconds < shortestOverlapSeconds || seconds > longestOverlapSeconds)
    throw new ValidationError(
      'input.overlapSeconds',
      `A secret stays accepted for ${shortestOverlapSeconds} to ${longestOverlapSeconds} seconds`,
    );
  return seconds;
}
