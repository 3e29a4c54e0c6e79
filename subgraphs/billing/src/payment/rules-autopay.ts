import { createHash } from 'node:crypto';
import type { Day } from '../calendar/rules.ts';

/** Why a provider declined, as its port reports it. `hard` never retries (stolen, closed, revoked mandate). */
export type DeclineClass = 'soft' | 'insufficientFunds' | 'authenticationRequired' | 'hard';

/** Days after the first attempt on which a declined charge is tried again. */
const DEFAULT_RETRY_DAYS: readonly number[] = [1, 3, 5, 7];

/**
 * The day of the next attempt, or undefined when autopay stops. `attempts` counts those already made;
 * `authenticationRequired` waits for the customer, so it does not retry by itself.
 */
export function nextAttempt(
  firstAttemptOn: Day,
  attempts: number,
  lastDecline: DeclineClass,
  retryDays: readonly number[] = DEFAULT_RETRY_DAYS,
): Day | undefined {
  if (lastDecline === 'hard' || lastDecline === 'authenticationRequired') return undefined;
  const wait = retryDays[attempts - 1];
  return wait === undefined ? undefined : firstAttemptOn + wait;
}

/** The idempotency key of a charge: the same for a repetition of one attempt, another for the next attempt. */
export function chargeKey(invoiceId: string, attempt: number): string {
  return createHash('sha256').update(`charge\0${invoiceId}\0${attempt}`).digest('hex');
}
