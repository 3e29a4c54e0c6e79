import { constants } from 'node:crypto';

/** What the server shows, and whom it trusts; all PEM. */
export interface RadSecIdentity {
  readonly key: string;
  readonly cert: string;
  /** Who signs the peers' certificates. */
  readonly ca: string;
  /** Certificates that do not hold any more. With any list, every authority of a chain needs one that is not outdated. */
  readonly crl?: string;
}

/** For `node:tls`. */
export function contextOf({ key, cert, ca, crl }: RadSecIdentity) {
  // Every connection shows its certificate anew (no tickets), and keeps it (no renegotiation).
  const secureOptions = constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION;
  return {
    key,
    cert,
    ca,
    minVersion: 'TLSv1.2',
    secureOptions,
    ...(crl === undefined ? {} : { crl }),
  } as const;
}
