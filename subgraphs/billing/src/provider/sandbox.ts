import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { TenantDatabase } from '@dotmac/migrations';
import { newId } from '@dotmac/platform';
import type { Kysely, Selectable } from 'kysely';
import type { DeclineClass } from '../payment/rules-autopay.ts';
import {
  type ChargeRequest,
  type PaymentProvider,
  type ProviderCharge,
  type ProviderRefundState,
  ProviderRefusal,
  type RefundRequest,
  WebhookRefused,
} from './port.ts';

/** What a token of the sandbox does when it is charged. */
const outcomes: Readonly<Record<string, { state: ProviderCharge['state']; class?: DeclineClass }>> = {
  sandbox_ok: { state: 'succeeded' },
  sandbox_pending: { state: 'pending' },
  sandbox_soft: { state: 'failed', class: 'soft' },
  sandbox_insufficient_funds: { state: 'failed', class: 'insufficientFunds' },
  sandbox_authentication: { state: 'failed', class: 'authenticationRequired' },
  sandbox_stolen: { state: 'failed', class: 'hard' },
};

export const sandboxSignatureHeader = 'dotmac-sandbox-signature';
const toleranceSeconds = 300;
/** What is pending has come in after this long. */
const pendingMilliseconds = 60_000;

export interface SandboxOptions {
  readonly database: Kysely<TenantDatabase>;
  readonly webhookSecret: string;
}

/**
 * A provider for demos and trials: no money moves, its books are two tables. A token names its outcome, followed by
 * anything after a full stop, so that customers have different ones.
 */
export function sandboxProvider({ database, webhookSecret }: SandboxOptions): PaymentProvider {
  const clock = { now: () => Date.now() };
  return {
    createCustomer: async ({ customerId }) => `sandbox:${customerId}`,
    async setupMethod(_customer, token) {
      if (outcomeOf(token) === undefined)
        throw new ProviderRefusal('UNKNOWN_TOKEN', `The sandbox knows ${Object.keys(outcomes).join(', ')}`);
      return { token, type: 'sandbox', label: token, expires: null };
    },
    async charge(request: ChargeRequest) {
      const outcome = outcomeOf(request.token);
      if (outcome === undefined) throw new ProviderRefusal('UNKNOWN_TOKEN', 'The sandbox has no such token');
      const { key, customer, amount, currency } = request;
      const requestHash = hashOf([customer, request.token, `${amount}`, currency]);
      await database
        .insertInto('billing.sandboxCharge')
        .values({
          id: newId('sbc', clock),
          key,
          requestHash,
          customer,
          currency,
          amountMinor: amount,
          state: outcome.state,
          declineClass: outcome.class ?? null,
          declineCode: outcome.class === undefined ? null : request.token,
          madeAt: new Date(clock.now()),
        })
        .onConflict((conflict) => conflict.column('key').doNothing())
        .execute();
      const made = await database
        .selectFrom('billing.sandboxCharge')
        .selectAll()
        .where('key', '=', key)
        .executeTakeFirstOrThrow();
      if (made.requestHash !== requestHash)
        throw new ProviderRefusal('KEY_REUSED', 'This key was used for another charge');
      return whole(database, made);
    },
    async refund({ key, chargeId, amount }: RefundRequest): Promise<ProviderRefundState> {
      return database.transaction().execute(async (transaction) => {
        const charge = await transaction
          .selectFrom('billing.sandboxCharge')
          .selectAll()
          .where('id', '=', chargeId)
          .forUpdate()
          .executeTakeFirst();
        if (charge === undefined) throw new ProviderRefusal('UNKNOWN_CHARGE', 'There is no such charge');
        const { refunds, state } = await whole(transaction, charge);
        const before = refunds.find((one) => one.key === key);
        if (before !== undefined) {
          if (before.amount === amount) return before;
          throw new ProviderRefusal('KEY_REUSED', 'This key was used for another refund');
        }
        const refunded = refunds.reduce((sum, one) => sum + one.amount, 0n);
        if (state !== 'succeeded' || refunded + amount > charge.amountMinor)
          throw new ProviderRefusal('AMOUNT_TOO_LARGE', 'More than what is left of the charge');
        const id = newId('sbr', clock);
        await transaction
          .insertInto('billing.sandboxRefund')
          .values({ id, key, chargeId, amountMinor: amount })
          .execute();
        return { id, key, amount, state: 'succeeded' };
      });
    },
    parseWebhook(body, headers) {
      const [, at = '', signature = ''] =
        /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec(headers[sandboxSignatureHeader] ?? '') ?? [];
      const expected = sandboxSignature(body, Number(at), webhookSecret);
      const given = Buffer.from(`t=${at},v1=${signature}`);
      const right = given.length === expected.length && timingSafeEqual(given, Buffer.from(expected));
      if (!right || Math.abs(clock.now() / 1000 - Number(at)) > toleranceSeconds)
        throw new WebhookRefused('The message is not signed by the sandbox, or too old');
      return eventOf(body);
    },
    async fetch(chargeId) {
      const row = await database
        .selectFrom('billing.sandboxCharge')
        .selectAll()
        .where('id', '=', chargeId)
        .executeTakeFirst();
      return row === undefined ? null : whole(database, row);
    },
    async find(key) {
      const row = await database
        .selectFrom('billing.sandboxCharge')
        .selectAll()
        .where('key', '=', key)
        .executeTakeFirst();
      return row === undefined ? null : whole(database, row);
    },
  };
}

/** The header with which the sandbox signs a message, `at` in seconds since the epoch. */
export function sandboxSignature(body: Uint8Array, at: number, secret: string): string {
  const mac = createHmac('sha256', secret).update(`${at}.`).update(body).digest('hex');
  return `t=${at},v1=${mac}`;
}

function eventOf(body: Uint8Array) {
  try {
    const { id, type, chargeId } = JSON.parse(Buffer.from(body).toString()) as Record<string, unknown>;
    if (typeof id === 'string' && typeof type === 'string')
      return { id, type, chargeId: typeof chargeId === 'string' ? chargeId : null };
  } catch (cause) {
    throw new WebhookRefused('The message is not JSON', { cause });
  }
  throw new WebhookRefused('The message needs "id" and "type"');
}

const outcomeOf = (token: string) => outcomes[token.split('.')[0] ?? ''];

const hashOf = (parts: readonly string[]) => createHash('sha256').update(parts.join('\0')).digest('hex');

async function whole(
  database: Kysely<TenantDatabase>,
  row: Selectable<TenantDatabase['billing.sandboxCharge']>,
): Promise<ProviderCharge> {
  const refunds = await database
    .selectFrom('billing.sandboxRefund')
    .selectAll()
    .where('chargeId', '=', row.id)
    .orderBy('id')
    .execute();
  const declined = row.declineClass as DeclineClass | null;
  const settled = row.state === 'pending' && Date.now() - row.madeAt.getTime() > pendingMilliseconds;
  return {
    id: row.id,
    key: row.key,
    customer: row.customer,
    state: settled ? 'succeeded' : (row.state as ProviderCharge['state']),
    decline: declined === null ? null : { class: declined, code: row.declineCode ?? '' },
    amount: row.amountMinor,
    currency: row.currency,
    refunds: refunds.map((one) => ({
      id: one.id,
      key: one.key,
      amount: one.amountMinor,
      state: 'succeeded' as const,
    })),
    disputes: [],
  };
}
