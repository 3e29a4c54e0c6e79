import type { EapMethodName, PresentedCertificate } from '@dotmac/radius';
import { ValidationError } from '@dotmac/schema';
import { certificatesOf, checkAuthorities, checkIdentity } from '../certificate/rules.ts';

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
  if (clientAuthorities !== null) checkAuthorities('input.clientAuthorities', clientAuthorities);
  if (certificate === null) return;
  certificatesOf('input.certificate', certificate);
  if (privateKey === null && !keyStays)
    throw new ValidationError('input.privateKey', 'A new certificate comes with its key');
  checkIdentity('input', certificate, privateKey, now);
}

/** The names in a client's certificate that may be its login name: the common name, and every e-mail, DNS and UPN of its SAN. */
export function namesOf({ commonName, subjectAltName }: PresentedCertificate): string[] {
  const others = (subjectAltName ?? '')
    .split(', ')
    .map((entry) => /^(?:email|DNS|othername:UPN):+(.+)$/.exec(entry)?.[1])
    .filter((name) => name !== undefined);
  return commonName === null ? others : [commonName, ...others];
}
