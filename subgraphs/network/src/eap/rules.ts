import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { EapMethodName, PresentedCertificate } from '@dotmac/radius';
import { ValidationError } from '@dotmac/schema';

export const eapMethods = [
  'PEAP',
  'TTLS',
  'TLS',
  'MSCHAPV2',
  'MD5',
] as const satisfies readonly EapMethodName[];

/** What needs no certificate of ours; offered until the tenant says otherwise. */
export const defaultMethods: readonly EapMethodName[] = ['MSCHAPV2', 'MD5'];
const tunnels: ReadonlySet<EapMethodName> = new Set(['PEAP', 'TTLS', 'TLS']);

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

export interface WantedEap {
  readonly methods: readonly EapMethodName[];
  readonly certificate: string | null;
  /** PEM; null: the one there is stays. */
  readonly privateKey: string | null;
  readonly clientAuthorities: string | null;
}

/**
 * @param keyStays whether a key is there already that belongs to this very certificate.
 * @throws ValidationError saying what would be right.
 */
export function checkEap(wanted: WantedEap, keyStays: boolean, now: number): void {
  const { methods, certificate, privateKey, clientAuthorities } = wanted;
  if (new Set(methods).size !== methods.length)
    throw new ValidationError('input.methods', 'A method stands in it twice');
  const tunnel = methods.find((method) => tunnels.has(method));
  if (tunnel !== undefined && certificate === null)
    throw new ValidationError('input.certificate', `${tunnel} shows its clients a certificate of the server`);
  if (methods.includes('TLS') && clientAuthorities === null)
    throw new ValidationError('input.clientAuthorities', 'TLS needs the authorities that sign its clients');
  if (clientAuthorities !== null)
    for (const one of certificatesOf('input.clientAuthorities', clientAuthorities))
      if (!one.ca)
        throw new ValidationError(
          'input.clientAuthorities',
          `${shownCertificate(one).subject} is the certificate of no authority`,
        );
  if (certificate === null) return;
  certificatesOf('input.certificate', certificate);
  if (privateKey === null && !keyStays)
    throw new ValidationError('input.privateKey', 'A new certificate comes with its key');
  checkIdentity('input', certificate, privateKey, now);
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

/** The names in a client's certificate that may be its login name: the common name, and every e-mail, DNS and UPN of its SAN. */
export function namesOf({ commonName, subjectAltName }: PresentedCertificate): string[] {
  const others = (subjectAltName ?? '')
    .split(', ')
    .map((entry) => /^(?:email|DNS|othername:UPN):+(.+)$/.exec(entry)?.[1])
    .filter((name) => name !== undefined);
  return commonName === null ? others : [commonName, ...others];
}
