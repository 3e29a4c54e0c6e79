import { minorDigits } from '@dotmac/platform/money/currency';
import type { DeclineClass } from '../payment/rules-autopay.ts';
import { ProviderRefusal } from './port.ts';

/** Stripe's words for a card or mandate that will never pay (docs.stripe.com/declines/codes, "error-codes"). */
const hard = new Set([
  'account_closed',
  'bank_account_restricted',
  'bank_account_unusable',
  'card_not_supported',
  'card_velocity_exceeded_permanently',
  'currency_not_supported',
  'debit_not_authorized',
  'expired_card',
  'fraudulent',
  'incorrect_number',
  'invalid_account',
  'invalid_number',
  'lost_card',
  'merchant_blacklist',
  'no_account',
  'payment_method_customer_decline',
  'payment_method_not_available',
  'pickup_card',
  'restricted_card',
  'revocation_of_all_authorizations',
  'revocation_of_authorization',
  'security_violation',
  'stolen_card',
  'stop_payment_order',
  'transaction_not_allowed',
]);

/**
 * The class of a decline. `advice` is the network's: `do_not_try_again` outweighs a code that would allow it.
 * @param code the issuer's `decline_code` where there is one, else the error's `code`.
 */
export function declineClass(code: string, advice?: string): DeclineClass {
  if (code === 'authentication_required' || code === 'payment_intent_authentication_failure')
    return 'authenticationRequired';
  if (hard.has(code) || advice === 'do_not_try_again') return 'hard';
  return code === 'insufficient_funds' ? 'insufficientFunds' : 'soft';
}

/** Currencies whose amounts Stripe writes with other digits than ISO 4217: refused rather than taken a hundredfold. */
const unlike = new Set(['ISK', 'MGA', 'UGX', 'CLF', 'UYW', 'IQD', 'LYD']);

/**
 * Minor units as Stripe's integer.
 * @throws ProviderRefusal for a currency whose digits differ there, and for amounts that Stripe cannot take.
 */
export function stripeAmount(minor: bigint, currency: string): number {
  const digits = minorDigits(currency);
  if (digits === undefined || unlike.has(currency))
    throw new ProviderRefusal('CURRENCY_UNSUPPORTED', `${currency} cannot be charged through Stripe here`);
  // Three-decimal amounts end with 0 (docs.stripe.com/currencies, "Three-decimal currencies").
  if (digits === 3 && minor % 10n !== 0n)
    throw new ProviderRefusal('AMOUNT_UNSUPPORTED', `Stripe takes amounts in ${currency} that end with 0`);
  if (minor <= 0n || minor > 99_999_999n)
    throw new ProviderRefusal('AMOUNT_UNSUPPORTED', `Stripe takes 1 to 99999999 minor units, not ${minor}`);
  return Number(minor);
}
