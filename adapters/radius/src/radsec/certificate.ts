import type { PeerCertificate } from 'node:tls';

/** The certificate that a RadSec peer has shown, as it is known by. */
export interface RadSecCertificate {
  /** In lower case: the DNS names of its SAN; its common name where it has none (RFC 6125 §6.4.4). */
  readonly names: readonly string[];
  /** SHA-256, colon-separated, in upper case. */
  readonly fingerprint: string;
  readonly issuer: string;
  /** Milliseconds since the epoch. */
  readonly validTo: number;
}

/** What we keep of a text that a stranger has put into a certificate. */
const mostCharacters = 200;

/** Null for a peer that has shown none. */
export function radSecCertificate(shown: PeerCertificate): RadSecCertificate | null {
  // Node gives an empty object for a peer without a certificate, whatever its types say.
  const { subject, issuer, subjectaltname, fingerprint256, valid_to } = shown as Partial<PeerCertificate>;
  if (fingerprint256 === undefined) return null;
  // Node quotes an entry that has a comma or a quote in it, so that no entry can pretend to be two (CVE-2021-44532).
  const dns = (subjectaltname ?? '').split(', ').flatMap((entry) => /^DNS:([^"]+)$/.exec(entry)?.[1] ?? []);
  const common: unknown = subject?.CN;
  const names = dns.length > 0 ? dns : typeof common === 'string' ? [common] : [];
  return {
    names: names.map((name) => name.toLowerCase()),
    fingerprint: fingerprint256,
    issuer: typeof issuer?.CN === 'string' ? printable(issuer.CN) : '',
    validTo: new Date(valid_to ?? 0).getTime(),
  };
}

/** As it is named to people: whom it says it is, who says so, and its fingerprint. */
export function describeCertificate({ names, issuer, fingerprint }: RadSecCertificate): string {
  return `"${printable(names.join(', '))}" by "${issuer}", SHA-256 ${fingerprint}`;
}

function printable(text: string): string {
  return text.slice(0, mostCharacters).replaceAll(/\p{Cc}/gu, '\ufffd');
}
