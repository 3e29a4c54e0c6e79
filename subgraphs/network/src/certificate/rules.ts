import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { ValidationError } from '@dotmac/schema';

/** A certificate as people see it. */
export interface ShownCertificate {
  readonly subject: string;
  readonly issuer: string;
  readonly validTo: Date;
  readonly fingerprint: string;
}

/** The certificates of a PEM text, in order. @throws ValidationError */
export function certificatesOf(field: string, pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0)
    throw new ValidationError(field, 'It is no PEM; right would be "-----BEGIN CERTIFICATE-----" and so on');
  return blocks.map((block, index) => {
    try {
      return new X509Certificate(block);
    } catch {
      throw new ValidationError(field, `Certificate ${index + 1} of it cannot be read`);
    }
  });
}

export function shownCertificate(certificate: X509Certificate): ShownCertificate {
  const { subject, issuer, validTo, fingerprint256 } = certificate;
  const line = (text: string) => text.split('\n').join(', ');
  return {
    subject: line(subject),
    issuer: line(issuer),
    validTo: new Date(validTo),
    fingerprint: fingerprint256,
  };
}

/** @throws ValidationError for one that may sign nobody. */
export function checkAuthorities(field: string, pem: string): void {
  for (const one of certificatesOf(field, pem))
    if (!one.ca)
      throw new ValidationError(field, `${shownCertificate(one).subject} is the certificate of no authority`);
}

/**
 * @param privateKey null: the one there is, which is known to fit.
 * @throws ValidationError for a certificate that has ended, or a key of another.
 */
export function checkIdentity(
  field: string,
  certificate: string,
  privateKey: string | null,
  now: number,
): void {
  const [leaf] = certificatesOf(`${field}.certificate`, certificate);
  if (leaf === undefined) return;
  if (new Date(leaf.validTo).getTime() <= now)
    throw new ValidationError(`${field}.certificate`, `It ended on ${leaf.validTo}`);
  if (privateKey !== null && !leaf.checkPrivateKey(keyOf(`${field}.privateKey`, privateKey)))
    throw new ValidationError(`${field}.privateKey`, 'It is not the key of this certificate');
}

function keyOf(field: string, pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw new ValidationError(field, 'It is no private key in PEM without a passphrase');
  }
}
