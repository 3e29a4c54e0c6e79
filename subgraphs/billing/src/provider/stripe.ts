import Stripe from 'stripe';
import {
  type ChargeRequest,
  type Decline,
  type PaymentProvider,
  type ProviderCharge,
  type ProviderCustomer,
  type ProviderDispute,
  type ProviderEvent,
  type ProviderRefundState,
  ProviderRefusal,
  ProviderUnavailable,
  type RefundRequest,
  type StoredMethod,
  WebhookRefused,
} from './port.ts';
import { declineClass, stripeAmount } from './rules-stripe.ts';

export interface StripeOptions {
  readonly secretKey: string;
  readonly webhookSecret: string;
  /** Where the API answers; Stripe's own when absent. A setting of the installation, never of a tenant. */
  readonly origin?: URL | undefined;
}

const keyName = 'dotmac_key';
/** Older messages may be somebody's who wrote them down (Stripe's own default). */
const toleranceSeconds = 300;

/** Stripe through its SDK: off-session payment intents with a key each, thin use of webhooks, all state fetched. */
export function stripeProvider({ secretKey, webhookSecret, origin }: StripeOptions): PaymentProvider {
  const stripe = new Stripe(secretKey, {
    maxNetworkRetries: 0,
    timeout: 20_000,
    telemetry: false,
    ...(origin === undefined
      ? {}
      : {
          host: origin.hostname,
          port: origin.port,
          protocol: origin.protocol === 'http:' ? ('http' as const) : ('https' as const),
        }),
  });

  async function whole(intent: Stripe.PaymentIntent): Promise<ProviderCharge> {
    const settled = intent.status === 'succeeded';
    const [refunds, disputes] = settled
      ? await Promise.all([
          stripe.refunds.list({ payment_intent: intent.id, limit: 100 }),
          stripe.disputes.list({
            payment_intent: intent.id,
            limit: 100,
            expand: ['data.balance_transactions'],
          }),
        ])
      : [{ data: [] }, { data: [] }];
    return {
      ...chargeOf(intent),
      refunds: refunds.data.map(refundOf),
      disputes: disputes.data.flatMap((one) => disputeOf(one) ?? []),
    };
  }

  return {
    createCustomer: ({ customerId, name, email }: ProviderCustomer) =>
      asking(async () => {
        const made = await stripe.customers.create(
          { name, ...(email === null ? {} : { email }), metadata: { dotmac_customer: customerId } },
          { idempotencyKey: `customer-${customerId}` },
        );
        return made.id;
      }),

    setupMethod: (customer, token) =>
      asking(async () => methodOf(await stripe.paymentMethods.attach(token, { customer }))),

    async charge({ key, customer, token, amount, currency, description }: ChargeRequest) {
      const minor = stripeAmount(amount, currency);
      return asking(async () => {
        try {
          const intent = await stripe.paymentIntents.create(
            {
              amount: minor,
              currency: currency.toLowerCase(),
              customer,
              payment_method: token,
              confirm: true,
              off_session: true,
              description,
              metadata: { [keyName]: key },
            },
            { idempotencyKey: key },
          );
          return whole(intent);
        } catch (error) {
          // A decline is an error in the SDK, and carries what became of the intent.
          if (!(error instanceof Stripe.errors.StripeCardError) || error.payment_intent === undefined)
            throw error;
          const code = error.decline_code ?? error.code ?? 'unknown';
          const decline = { class: declineClass(code, error.advice_code), code };
          return { ...chargeOf(error.payment_intent), key, state: 'failed' as const, decline };
        }
      });
    },

    async refund({ key, chargeId, amount, currency }: RefundRequest) {
      const minor = stripeAmount(amount, currency);
      return asking(async () =>
        refundOf(
          await stripe.refunds.create(
            { payment_intent: chargeId, amount: minor, metadata: { [keyName]: key } },
            { idempotencyKey: key },
          ),
        ),
      );
    },

    parseWebhook(body, headers): ProviderEvent {
      try {
        const event = stripe.webhooks.constructEvent(
          body,
          headers['stripe-signature'] ?? '',
          webhookSecret,
          toleranceSeconds,
        );
        return { id: event.id, type: event.type, chargeId: chargeIdIn(event.data.object) };
      } catch (cause) {
        throw new WebhookRefused('The message is not signed by Stripe, or too old', { cause });
      }
    },

    fetch: (chargeId) =>
      asking(async () => {
        try {
          return await whole(await stripe.paymentIntents.retrieve(chargeId));
        } catch (error) {
          if (error instanceof Stripe.errors.StripeError && error.code === 'resource_missing') return null;
          throw error;
        }
      }),

    find: (key, customer) =>
      asking(async () => {
        for await (const intent of stripe.paymentIntents.list({ customer, limit: 100 }))
          if (intent.metadata[keyName] === key) return whole(intent);
        return null;
      }),
  };
}

/** Sorts the SDK's errors: whether to ask again, or never. */
async function asking<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Stripe.errors.StripeError)) throw error;
    // Another request with this key is under way (409), or there are too many (429): its outcome is not this answer.
    const busy = error.statusCode === 409 || error.statusCode === 429;
    const refused =
      error instanceof Stripe.errors.StripeInvalidRequestError ||
      error instanceof Stripe.errors.StripeCardError ||
      error instanceof Stripe.errors.StripeIdempotencyError;
    if (refused && !busy) throw new ProviderRefusal(error.code ?? error.type, error.message);
    // A wrong key is the operator's to set right; what was asked for is neither done nor refused by that.
    throw new ProviderUnavailable(`Stripe: ${error.message}`, { cause: error });
  }
}

const idOf = (one: string | { readonly id: string } | null): string | null =>
  one === null || typeof one === 'string' ? one : one.id;

function chargeOf(intent: Stripe.PaymentIntent): ProviderCharge {
  const decline = declineOf(intent);
  return {
    id: intent.id,
    key: intent.metadata[keyName] ?? null,
    customer: idOf(intent.customer),
    state: intent.status === 'succeeded' ? 'succeeded' : decline === null ? 'pending' : 'failed',
    decline,
    // What came in, where it differs from what was asked for.
    amount: BigInt(intent.status === 'succeeded' ? intent.amount_received : intent.amount),
    currency: intent.currency.toUpperCase(),
    refunds: [],
    disputes: [],
  };
}

function declineOf({ status, last_payment_error: error }: Stripe.PaymentIntent): Decline | null {
  if (status === 'canceled') return { class: 'hard', code: 'canceled' };
  if (status === 'requires_action') return { class: 'authenticationRequired', code: 'requires_action' };
  if (status !== 'requires_payment_method') return null;
  const code = error?.decline_code ?? error?.code ?? 'unknown';
  return { class: declineClass(code, error?.advice_code), code };
}

function refundOf({ id, metadata, amount, status }: Stripe.Refund): ProviderRefundState {
  const state = status === 'succeeded' || status === 'pending' ? status : 'failed';
  return { id, key: metadata?.[keyName] ?? null, amount: BigInt(amount), state };
}

/** Inquiries (`warning_…`) and prevented disputes move no money. */
function disputeOf({
  id,
  amount,
  status,
  balance_transactions: moves,
}: Stripe.Dispute): ProviderDispute | undefined {
  if (status.startsWith('warning_') || status === 'prevented') return undefined;
  const fee = moves.reduce((sum, one) => sum + Math.max(one.fee, 0), 0);
  const state = status === 'won' ? 'won' : status === 'lost' ? 'lost' : 'open';
  return { id, amount: BigInt(amount), fee: BigInt(fee), state };
}

function methodOf(method: Stripe.PaymentMethod): StoredMethod {
  const { id, type, card, sepa_debit: sepa, us_bank_account: bank } = method;
  const last4 = card?.last4 ?? sepa?.last4 ?? bank?.last4;
  const name = card?.brand ?? bank?.bank_name ?? type;
  return {
    token: id,
    type,
    label: last4 == null ? name : `${name} •••• ${last4}`,
    expires: card === undefined ? null : { year: card.exp_year, month: card.exp_month },
  };
}

/** Events are about intents, their charges, refunds and disputes: each names its intent. */
function chargeIdIn(object: object): string | null {
  const {
    object: kind,
    id,
    payment_intent: intent,
  } = object as {
    object?: string;
    id?: string;
    payment_intent?: string | { id: string } | null;
  };
  return kind === 'payment_intent' ? (id ?? null) : idOf(intent ?? null);
}
