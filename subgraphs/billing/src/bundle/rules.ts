import { type Bundle, ValidationError } from '@dotmac/schema';
import type { PlanVersion } from '../catalogue/store.ts';

/** What a bundle may cost a month, US cents, both ends included: as the platform promises it in public. */
export const bundlePrices: Readonly<Record<Bundle, readonly [bigint, bigint]>> = {
  RESELLER_PLATFORM: [10_000n, 30_000n],
  ADVANCED_CRM: [5_000n, 15_000n],
  PROJECT_MANAGEMENT: [7_500n, 20_000n],
  FIELD_OPERATIONS: [10_000n, 25_000n],
  AI_CHATBOT: [5_000n, 15_000n],
  ADVANCED_ANALYTICS: [2_500n, 10_000n],
};

/**
 * A bundle is sold by the month in advance, in USD within its public range; other currencies have no range.
 * @throws ValidationError naming the field
 */
export function checkBundle(
  bundle: Bundle,
  {
    interval,
    timing,
    currency,
    priceMinor,
  }: Pick<PlanVersion, 'interval' | 'timing' | 'currency' | 'priceMinor'>,
  field: string,
): void {
  if (interval.unit !== 'month' || interval.count !== 1)
    throw new ValidationError(`${field}.intervalUnit`, 'A bundle is sold by the month');
  if (timing !== 'inAdvance') throw new ValidationError(`${field}.timing`, 'A bundle is charged in advance');
  const [least, most] = bundlePrices[bundle];
  if (currency === 'USD' && (priceMinor < least || priceMinor > most))
    throw new ValidationError(
      `${field}.price.amount`,
      `${bundle} costs ${least} to ${most} US cents a month, not ${priceMinor}`,
    );
}

/** The first day that a bundle which begins today (ISO) is paid for: a trial that covers it comes first. */
export function paidFrom(
  today: string,
  account: { readonly trialUntil: string | null; readonly trialCoversBundles: boolean },
): string {
  const { trialUntil, trialCoversBundles } = account;
  return trialCoversBundles && trialUntil !== null && trialUntil > today ? trialUntil : today;
}
