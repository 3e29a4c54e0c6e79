/** Appended by the subgraph `billing`. Amounts are minor units as decimal strings. */
export interface BillingEvents {
  /** A plan version is on sale; network learns the speeds from here. */
  'plan.published': { planId: string; versionId: string; name: string; shaping: ShapingPayload };
  'invoice.issued': {
    invoiceId: string;
    number: string;
    customerId: string;
    grossMinor: string;
    currency: string;
    dueOn: string;
  };
  'invoice.paid': {
    invoiceId: string;
    number: string;
    customerId: string;
    grossMinor: string;
    netMinor: string;
    currency: string;
  };
  'payment.received': {
    paymentId: string;
    customerId: string;
    amountMinor: string;
    currency: string;
    /** What it paid: per invoice, the cash and the share of it that is net of tax. */
    allocations: { invoiceId: string; amountMinor: string; netMinor: string }[];
  };
  /** Credit that a payment left paid a later invoice. */
  'payment.applied': {
    paymentId: string;
    invoiceId: string;
    customerId: string;
    amountMinor: string;
    netMinor: string;
    currency: string;
  };
  /** Money of a payment went back; what it had paid is owed again, so the allocations are below zero. */
  'payment.returned': {
    returnId: string;
    paymentId: string;
    customerId: string;
    kind: 'refund' | 'chargeback' | 'reversal';
    amountMinor: string;
    feeMinor: string;
    currency: string;
    allocations: { invoiceId: string; amountMinor: string; netMinor: string }[];
    /** What went back of credit notes, and the share of it that is net of tax; absent in older events. */
    creditNotes?: { creditNoteId: string; amountMinor: string; netMinor: string }[];
  };
  /** A stored method did not pay; `nextAttemptOn` (ISO) is null when it is not tried again. */
  'payment.attempt.failed': {
    customerId: string;
    invoiceId: string;
    attempt: number;
    amountMinor: string;
    currency: string;
    declineClass: string;
    declineCode: string;
    nextAttemptOn: string | null;
  };
  'invoice.written.off': { invoiceId: string; customerId: string; amountMinor: string; currency: string };
  'invoice.recovered': { invoiceId: string; customerId: string; amountMinor: string; currency: string };
  /** In tenant zero: all premium bundles that an ISP has from now on. */
  'platform.bundles.changed': { customerId: string; tenantId: string; bundles: string[] };
  /** In tenant zero: so many days (0: none) are left of an ISP's trial; it is paid for from `paidFrom` (ISO) on. */
  'platform.trial.ending': { customerId: string; tenantId: string; paidFrom: string; daysLeft: number };
  'dunning.step.executed': { customerId: string; invoiceId: string; step: string };
  /** Billing wants every service of the customer locked or opened; subscribers owns the locks. */
  'billing.lock.requested': { customerId: string; because: string };
  'billing.lock.lifted': { customerId: string; because: string };
  /** Billing wants every service of the customer ended on this local date (ISO), which is not billed; subscribers ends them. */
  'billing.termination.requested': { customerId: string; on: string; because: string };
  /** Billing wants every service of the customer no faster than this, before it asks for a lock; lifted as a lock is. */
  'billing.slow.requested': { customerId: string; because: string; to: ShapingPayload };
  /**
   * What the data cap of a service asks of its access, told when it changes. `THROTTLED` carries the speeds that hold
   * until the next word, `BLOCKED` leaves the portal reachable, `WITHIN` is the plan's own speed.
   */
  'usage.allowance.changed': {
    serviceId: string;
    customerId: string;
    state: 'WITHIN' | 'THROTTLED' | 'BLOCKED';
    shaping: ShapingPayload | null;
    because: string;
  };
  /** Days of a service begin, or are over, on which it rests at the customer's wish; subscribers owns the locks. */
  'service.hold.began': { serviceId: string; customerId: string; because: string };
  'service.hold.ended': { serviceId: string; customerId: string; because: string };
  /** A previewed change of plan was confirmed for this local date (ISO); subscribers owns the plan of a service. */
  'service.plan.change.ordered': { serviceId: string; customerId: string; planId: string; on: string };
  /** The balance will not buy what is due on a local date (ISO). */
  'prepaid.balance.low': {
    customerId: string;
    balanceMinor: string;
    neededMinor: string;
    currency: string;
    on: string;
  };
  /** The balance did not buy what was due, so nothing is bought until a top-up does. */
  'prepaid.expired': {
    customerId: string;
    balanceMinor: string;
    neededMinor: string;
    currency: string;
    on: string;
  };
  'prepaid.restored': { customerId: string; on: string };
  /** `codeHash` is SHA-256 (hex) of the code in capitals without dashes: who is shown a code can look it up. */
  'voucher.issued': {
    voucherId: string;
    batchId: string;
    codeHash: string;
    amountMinor: string;
    currency: string;
    /** ISO date, the first day without it; null: never. */
    expiresOn: string | null;
    grants: VoucherGrant;
  };
  'voucher.redeemed': {
    voucherId: string;
    batchId: string;
    customerId: string;
    paymentId: string;
    amountMinor: string;
    currency: string;
    grants: VoucherGrant;
  };
  /** It can no longer be redeemed, nor used to log in. */
  'voucher.revoked': { voucherId: string; batchId: string; because: string };
}

/** What a voucher is good for beside its worth in money; null where nothing is said. */
export interface VoucherGrant {
  planId: string | null;
  /** Of time, from the first use on. */
  seconds: number | null;
  /** Decimal string. */
  octets: string | null;
}

/** Speeds in bits per second as decimal strings; directions are the subscriber's. */
export interface ShapingPayload {
  downstream: RateLimitPayload;
  upstream: RateLimitPayload;
}
export interface RateLimitPayload {
  bitsPerSecond: string;
  burst?: { bitsPerSecond: string; thresholdBitsPerSecond: string; seconds: number };
}
