import { builder } from '../builder.ts';
import { certificatesOf, type ShownCertificate, shownCertificate } from './rules.ts';

export const CertificateRef = builder.objectRef<ShownCertificate>('Certificate').implement({
  fields: (t) => ({
    subject: t.exposeString('subject'),
    issuer: t.exposeString('issuer'),
    validTo: t.expose('validTo', { type: 'DateTime' }),
    fingerprint: t.exposeString('fingerprint', { description: 'SHA-256.' }),
  }),
});

/** The certificates of a PEM text as they are shown; none of null. */
export function shownChain(pem: string | null): ShownCertificate[] {
  return pem === null ? [] : certificatesOf('certificate', pem).map(shownCertificate);
}
