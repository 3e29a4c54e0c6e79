import type { DayCount } from '../calendar/rules.ts';

/** How a tenant bills. The defaults are DotMac's conventions. */
export interface ChargePolicy {
  /** `exclusive`: the day of a cancellation is not billed. */
  readonly endDay: 'exclusive' | 'inclusive';
  readonly dayCount: DayCount;
  /** A new interval without an anchor starts a new term on the day of the change, or keeps the anchor. */
  readonly termChange: 'newTerm' | 'keepAnchor';
  /** Whether a service suspended for non-payment goes on being billed. */
  readonly nonPayment: 'keepBilling' | { readonly stopAfterDays: number };
  /** A lead-in of fewer days than this waits for the next full period; 0 bills it at once. */
  readonly joinLeadInBelowDays: number;
  /** Credits of a change stand on the same document as its charges, or on a credit note. */
  readonly creditDelivery: 'sameDocument' | 'creditNote';
}

export const DEFAULT_POLICY: ChargePolicy = {
  endDay: 'exclusive',
  dayCount: 'actual',
  termChange: 'newTerm',
  nonPayment: 'keepBilling',
  joinLeadInBelowDays: 0,
  creditDelivery: 'sameDocument',
};
