import type { DeclineClass } from '../payment/rules-autopay.ts';

/** A customer as a provider is told of him. */
export interface ProviderCustomer {
  /** Our id: asked twice, the provider makes one. */
  readonly customerId: string;
  readonly name: string;
  readonly email: string | null;
}

/** What a customer pays with: the provider's token of it, and what may be shown. */
export interface StoredMethod {
  readonly token: string;
  /** The provider's word, such as `card` or `sepa_debit`. */
  readonly type: string;
  /** Such as `visa •••• 4242`. */
  readonly label: string;
  /** The last month in which it is good. */
  readonly expires: { readonly year: number; readonly month: number } | null;
}

export interface ChargeRequest {
  /** Asked again with the same key, the provider answers with the charge that is there. */
  readonly key: string;
  /** The provider's name of the customer. */
  readonly customer: string;
  readonly token: string;
  /** Minor units of ISO 4217, above zero. */
  readonly amount: bigint;
  readonly currency: string;
  readonly description: string;
}

export interface Decline {
  readonly class: DeclineClass;
  /** The provider's own word. */
  readonly code: string;
}

/** What a provider knows of a charge now: all of it, so that nobody needs to have heard how it came about. */
export interface ProviderCharge {
  readonly id: string;
  /** The key it was asked for with; null when somebody else asked. */
  readonly key: string | null;
  /** The provider's name of the customer. */
  readonly customer: string | null;
  /** `failed` may still succeed, when the customer completes it at the provider. */
  readonly state: 'pending' | 'failed' | 'succeeded';
  readonly decline: Decline | null;
  readonly amount: bigint;
  readonly currency: string;
  readonly refunds: readonly ProviderRefundState[];
  readonly disputes: readonly ProviderDispute[];
}

export interface ProviderRefundState {
  readonly id: string;
  /** The key it was asked for with; null when it was made at the provider. */
  readonly key: string | null;
  readonly amount: bigint;
  readonly state: 'pending' | 'failed' | 'succeeded';
}

/** Money that the bank took back. `won`: it came back. */
export interface ProviderDispute {
  readonly id: string;
  readonly amount: bigint;
  /** What the provider keeps for it. */
  readonly fee: bigint;
  readonly state: 'open' | 'lost' | 'won';
}

export interface RefundRequest {
  /** The refund's own id: two equal refunds of one charge differ by it. */
  readonly key: string;
  readonly chargeId: string;
  readonly amount: bigint;
  readonly currency: string;
}

/** What a webhook says: that something about a charge is new. What it is, `fetch` tells. */
export interface ProviderEvent {
  /** Unique at the provider: told again, it is the same. */
  readonly id: string;
  readonly type: string;
  /** Null when it is not about a charge. */
  readonly chargeId: string | null;
}

/** A company that takes money from customers for the ISP. Everything but `parseWebhook` may throw `ProviderUnavailable`. */
export interface PaymentProvider {
  /** @returns the provider's name of the customer. */
  createCustomer(customer: ProviderCustomer): Promise<string>;
  /**
   * Keeps what the customer gave the provider's own form, for charges without him.
   * @throws ProviderRefusal
   */
  setupMethod(customer: string, token: string): Promise<StoredMethod>;
  /** A decline is an answer. @throws ProviderRefusal when the request itself is wrong. */
  charge(request: ChargeRequest): Promise<ProviderCharge>;
  /** @throws ProviderRefusal */
  refund(request: RefundRequest): Promise<ProviderRefundState>;
  /** @throws WebhookRefused when it is not the provider's, too old, or not readable. */
  parseWebhook(body: Uint8Array, headers: Readonly<Record<string, string>>): ProviderEvent;
  fetch(chargeId: string): Promise<ProviderCharge | null>;
  /** The charge of a key, for longer than the provider keeps keys. */
  find(key: string, customer: string): Promise<ProviderCharge | null>;
}

/** No answer, or none that means anything: whether it was done is unknown. Ask again with the same key. */
export class ProviderUnavailable extends Error {
  override readonly name = 'ProviderUnavailable';
}

/** The provider will never do this. `code` is its own word. */
export class ProviderRefusal extends Error {
  override readonly name = 'ProviderRefusal';
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Not a message of the provider's. */
export class WebhookRefused extends Error {
  override readonly name = 'WebhookRefused';
}
