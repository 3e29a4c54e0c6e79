import { randomUUID } from 'node:crypto';
import { startTestPostgres } from '@dotmac/harness';
import { migrate, type TenantDatabase } from '@dotmac/migrations';
import { openDatabase } from '@dotmac/platform';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PaymentProvider, ProviderRefusal, ProviderUnavailable, WebhookRefused } from './port.ts';
import { sandboxProvider, sandboxSignature, sandboxSignatureHeader } from './sandbox.ts';
import { stripeProvider } from './stripe.ts';
import { type StripeDouble, startStripeDouble } from './stripe-double.ts';

/** A provider under the contract, and what its tokens and messages look like. */
interface Candidate {
  readonly provider: PaymentProvider;
  readonly tokens: { ok: string; poor: string; stolen: string; soft: string; slow: string };
  message(type: string, chargeId: string): { body: string; headers: Record<string, string> };
}

const stack = new AsyncDisposableStack();
let double: StripeDouble;
const candidates = new Map<string, Candidate>();

beforeAll(async () => {
  const postgres = stack.use(await startTestPostgres());
  const connectionString = await postgres.createDatabase();
  await migrate({ connectionString, kind: 'tenant' });
  const database = openDatabase<TenantDatabase>({
    connectionString,
    max: 2,
    applicationName: 'provider test',
    onConnectionError: () => undefined,
  });
  stack.defer(() => database.destroy());
  double = stack.use(await startStripeDouble());
  const { origin, secretKey, webhookSecret } = double;
  candidates.set('stripe', {
    provider: stripeProvider({ secretKey, webhookSecret, origin }),
    tokens: {
      ok: 'pm_ok',
      poor: 'pm_insufficient_funds',
      stolen: 'pm_stolen_card',
      soft: 'pm_processing_error',
      slow: 'pm_processing',
    },
    message: (type, chargeId) => double.message(type, { object: 'payment_intent', id: chargeId }),
  });
  candidates.set('sandbox', {
    provider: sandboxProvider({ database, webhookSecret: 'sandbox-secret' }),
    tokens: {
      ok: 'sandbox_ok',
      poor: 'sandbox_insufficient_funds',
      stolen: 'sandbox_stolen',
      soft: 'sandbox_soft',
      slow: 'sandbox_pending',
    },
    message: (type, chargeId) => {
      const body = JSON.stringify({ id: randomUUID(), type, chargeId });
      const at = Math.floor(Date.now() / 1000);
      return {
        body,
        headers: { [sandboxSignatureHeader]: sandboxSignature(Buffer.from(body), at, 'sandbox-secret') },
      };
    },
  });
});
afterAll(() => stack.disposeAsync());

describe.each(['stripe', 'sandbox'])('the contract of a payment provider: %s', (name) => {
  const candidate = () => candidates.get(name) as Candidate;
  async function customerWith(token: keyof Candidate['tokens']) {
    const { provider, tokens } = candidate();
    const customer = await provider.createCustomer({ customerId: randomUUID(), name: 'Ada', email: null });
    const own = `${tokens[token]}${name === 'stripe' ? `_${Math.floor(Math.random() * 1e9)}` : ''}`;
    const method = await provider.setupMethod(customer, own);
    return { customer, token: method.token, amount: 1_250n, currency: 'USD', description: 'INV-1' };
  }

  test('a charge with a key is one charge, however often it is asked for, and fetch and find know it', async () => {
    const { provider } = candidate();
    const key = randomUUID();
    const request = { key, ...(await customerWith('ok')) };
    const [first, again] = [await provider.charge(request), await provider.charge(request)];
    expect(first).toMatchObject({ key, state: 'succeeded', amount: 1_250n, currency: 'USD' });
    expect(again.id).toBe(first.id);
    expect(await provider.fetch(first.id)).toEqual(first);
    expect(await provider.find(key, request.customer)).toEqual(first);
    expect(await provider.find(randomUUID(), request.customer)).toBeNull();
    expect(await provider.fetch('no such charge')).toBeNull();
    await expect(provider.charge({ ...request, amount: 1_251n })).rejects.toThrow(ProviderRefusal);
  });

  test('a decline is an answer of its class', async () => {
    const { provider } = candidate();
    const classOf = async (token: keyof Candidate['tokens']) => {
      const charge = await provider.charge({ key: randomUUID(), ...(await customerWith(token)) });
      expect((await provider.fetch(charge.id))?.decline).toEqual(charge.decline);
      return [charge.state, charge.decline?.class];
    };
    expect(await classOf('poor')).toEqual(['failed', 'insufficientFunds']);
    expect(await classOf('stolen')).toEqual(['failed', 'hard']);
    expect(await classOf('soft')).toEqual(['failed', 'soft']);
    expect(await classOf('slow')).toEqual(['pending', undefined]);
  });

  test('two equal refunds differ by their key; more than the charge is refused', async () => {
    const { provider } = candidate();
    const charge = await provider.charge({ key: randomUUID(), ...(await customerWith('ok')) });
    const refund = { key: randomUUID(), chargeId: charge.id, amount: 500n, currency: 'USD' };
    const [first, again] = [await provider.refund(refund), await provider.refund(refund)];
    expect(again.id).toBe(first.id);
    const second = await provider.refund({ ...refund, key: randomUUID() });
    expect(second.id).not.toBe(first.id);
    await expect(provider.refund({ ...refund, key: randomUUID() })).rejects.toThrow(ProviderRefusal);
    const known = await provider.fetch(charge.id);
    expect(known?.refunds.map((one) => [one.id, one.amount, one.state]).sort()).toEqual(
      [first, second].map((one) => [one.id, 500n, 'succeeded']).sort(),
    );
  });

  test('a message is taken only with the signature over exactly its octets', async () => {
    const { provider, message } = candidate();
    const { body, headers } = message('charge.changed', 'ch_1');
    expect(provider.parseWebhook(Buffer.from(body), headers)).toMatchObject({
      type: 'charge.changed',
      chargeId: 'ch_1',
    });
    expect(() => provider.parseWebhook(Buffer.from(`${body} `), headers)).toThrow(WebhookRefused);
    expect(() => provider.parseWebhook(Buffer.from(body), {})).toThrow(WebhookRefused);
    const [header = '', value = ''] = Object.entries(headers)[0] ?? [];
    fc.assert(
      fc.property(fc.nat(value.length - 1), fc.constantFrom('0', 'f', 'z', ''), (at, by) => {
        const changed = value.slice(0, at) + by + value.slice(at + 1);
        if (changed === value) return;
        expect(() => provider.parseWebhook(Buffer.from(body), { [header]: changed })).toThrow(WebhookRefused);
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(() => provider.parseWebhook(bytes, headers)).toThrow(WebhookRefused);
      }),
    );
  });
});

test('what Stripe did not answer is unavailable, and asked again with its key it is one charge', async () => {
  const { provider } = candidates.get('stripe') as Candidate;
  const customer = await provider.createCustomer({ customerId: randomUUID(), name: 'Ada', email: null });
  const { token } = await provider.setupMethod(customer, 'pm_ok_77');
  const request = {
    key: randomUUID(),
    customer,
    token,
    amount: 100n,
    currency: 'USD',
    description: 'INV-2',
  };
  for (const how of ['before', 'error', 'after'] as const) {
    double.fail(how);
    await expect(provider.charge(request)).rejects.toThrow(ProviderUnavailable);
  }
  double.fail(undefined);
  const { id } = await provider.charge(request);
  expect([...double.intents.values()].filter((one) => one.customer === customer)).toMatchObject([{ id }]);
});

test('a wrong secret key is not a decline', async () => {
  const { origin, webhookSecret } = double;
  const provider = stripeProvider({ secretKey: 'sk_wrong', webhookSecret, origin });
  await expect(provider.fetch('pi_1')).rejects.toThrow(ProviderUnavailable);
});
