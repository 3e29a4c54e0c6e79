/** Attempts at collecting one currency: at most `maxAttempts`, more than `daysBetween` days apart. */
export interface AttemptPolicy {
  readonly maxAttempts: number;
  readonly daysBetween: number;
  /** Minor units per currency. */
  readonly thresholds: Readonly<Record<string, bigint>>;
}

export interface Attempts {
  readonly count: number;
  /** Epoch milliseconds of the last attempt. */
  readonly lastAt: number;
}

const DAY_MS = 86_400_000;

/** Three attempts, three days apart. */
export const DEFAULT_ATTEMPTS = { maxAttempts: 3, daysBetween: 3 } as const;

/** The attempts after a run at `now` (epoch ms), given what is overdue per currency. Thresholds are per currency. */
export function runAttempts(
  policy: AttemptPolicy,
  overdue: Readonly<Record<string, bigint>>,
  before: Readonly<Record<string, Attempts>>,
  now: number,
): Record<string, Attempts> {
  const after: Record<string, Attempts> = { ...before };
  for (const [currency, threshold] of Object.entries(policy.thresholds)) {
    const attempts = before[currency];
    const isDue = attempts === undefined || now - attempts.lastAt > policy.daysBetween * DAY_MS;
    const mayTry = (attempts?.count ?? 0) < policy.maxAttempts;
    if ((overdue[currency] ?? 0n) < threshold || !isDue || !mayTry) continue;
    after[currency] = { count: (attempts?.count ?? 0) + 1, lastAt: now };
  }
  return after;
}

/** Whether every currency of the policy has used its attempts. */
export function attemptsFinished(
  policy: AttemptPolicy,
  attempts: Readonly<Record<string, Attempts>>,
): boolean {
  return Object.keys(policy.thresholds).every((currency) => attempts[currency]?.count === policy.maxAttempts);
}
