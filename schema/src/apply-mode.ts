import { ValidationError } from './errors.ts';

/**
 * The enum `ApplyMode` of mutations that move money or touch the network, for a subgraph's builder. All subgraphs that
 * have it share it.
 */
export const applyMode = {
  description: 'PLAN shows exactly what would happen; APPLY does it, if the world has not moved since.',
  values: ['PLAN', 'APPLY'] as const,
};

/** What `APPLY` needs. @throws ValidationError naming `input.fingerprint` when it is missing. */
export function requireFingerprint(fingerprint: string | null | undefined): string {
  if (fingerprint == null)
    throw new ValidationError('input.fingerprint', 'APPLY needs the fingerprint of a PLAN');
  return fingerprint;
}
