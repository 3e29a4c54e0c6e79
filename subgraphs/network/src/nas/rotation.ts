import type { Nas } from './store.ts';

/** Which of a NAS's two secrets. */
export type NasSecret = 'CURRENT' | 'PREVIOUS';

/** When a NAS was heard with which secret, since the current one holds. Milliseconds since the epoch. */
export interface SecretsHeard {
  /** Which current one this is about: its `secretSince`. */
  readonly since: number | null;
  readonly currentAt: number | null;
  readonly previousAt: number | null;
}

export const unheardSecrets: SecretsHeard = { since: null, currentAt: null, previousAt: null };

type Rotating = Pick<Nas, 'previousSecret' | 'previousSecretUntil' | 'secretSince'>;

/** Whether the secret before the current one is still accepted. */
export function rotationRuns({ previousSecret, previousSecretUntil }: Rotating, now: number): boolean {
  return previousSecret !== null && (previousSecretUntil === null || now < previousSecretUntil.getTime());
}

/** What was heard, as far as it is about the secrets the NAS has now. */
export function heardOf({ secretSince }: Rotating, heard: SecretsHeard): SecretsHeard {
  const since = secretSince?.getTime() ?? null;
  return heard.since === since ? heard : { ...unheardSecrets, since };
}

/** What is known after a request that proved one of both; a word about secrets of before is dropped. */
export function heardWith(
  before: SecretsHeard,
  since: number | null,
  used: NasSecret,
  at: number,
): SecretsHeard {
  if (before.since !== null && (since === null || since < before.since)) return before;
  const known = before.since === since ? before : { ...unheardSecrets, since };
  return used === 'CURRENT' ? { ...known, currentAt: at } : { ...known, previousAt: at };
}

/** The one it was last heard with; null when not at all since the current one holds. */
export function secretInUse({ currentAt, previousAt }: SecretsHeard): NasSecret | null {
  if (currentAt === null && previousAt === null) return null;
  return (currentAt ?? 0) >= (previousAt ?? 0) ? 'CURRENT' : 'PREVIOUS';
}

/** With which one to talk to it: the one it was last heard with, which until its first word is the one before. */
export function presumedSecret(nas: Rotating, heard: SecretsHeard, now: number): NasSecret {
  return rotationRuns(nas, now) ? (secretInUse(heardOf(nas, heard)) ?? 'PREVIOUS') : 'CURRENT';
}
