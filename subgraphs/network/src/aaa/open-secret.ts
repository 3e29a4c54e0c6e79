import type { NetworkServices } from '../builder.ts';

/** Null for a secret that does not open, which costs its bearer the login and nobody else. */
export function openSecret(
  { secrets, logger }: NetworkServices,
  sealed: Uint8Array,
  purpose: string,
): string | null {
  try {
    return secrets.open(sealed, purpose);
  } catch (error) {
    logger.error({ error, purpose }, 'a secret does not open; its bearer cannot log in');
    return null;
  }
}
