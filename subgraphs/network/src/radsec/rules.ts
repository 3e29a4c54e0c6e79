import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { ValidationError } from '@dotmac/schema';
import { certificatesOf, checkAuthorities, checkIdentity } from '../certificate/rules.ts';

export interface WantedRadSec {
  readonly enabled: boolean;
  /** PEM, as all of them. */
  readonly certificate: string;
  /** Null: the one there is stays. */
  readonly privateKey: string | null;
  readonly authorities: string;
  readonly revocations: string | null;
}

/**
 * @param keyStays whether a key is there already that belongs to this very certificate.
 * @throws ValidationError saying what would be right.
 */
export function checkRadSec(wanted: WantedRadSec, keyStays: boolean, now: number): void {
  const { certificate, privateKey, authorities, revocations } = wanted;
  certificatesOf('input.certificate', certificate);
  if (privateKey === null && !keyStays)
    throw new ValidationError('input.privateKey', 'A new certificate comes with its key');
  checkIdentity('input', certificate, privateKey, now);
  checkAuthorities('input.authorities', authorities);
  checkTaken('input.authorities', { ca: authorities });
  checkTaken('input.certificate', {
    cert: certificate,
    ...(privateKey === null ? {} : { key: privateKey }),
  });
  if (revocations !== null) checkTaken('input.revocations', { crl: revocations });
}

/** Whether what is let in now depends on other words than before: whoever is connected has to come again. */
export function trustChanged(
  before: Pick<WantedRadSec, 'enabled' | 'authorities' | 'revocations'>,
  after: Pick<WantedRadSec, 'enabled' | 'authorities' | 'revocations'>,
): boolean {
  return (
    before.enabled !== after.enabled ||
    before.authorities !== after.authorities ||
    before.revocations !== after.revocations
  );
}

/** OpenSSL has the last word on what can be used, such as on keys that are too short. */
function checkTaken(field: string, options: SecureContextOptions): void {
  try {
    createSecureContext(options);
  } catch (error) {
    throw new ValidationError(
      field,
      `TLS does not take it: ${error instanceof Error ? error.message : error}`,
    );
  }
}
