/**
 * Stripe as far as DotMac talks to it, on loopback, for tests: the SDK speaks to it over real HTTP. It refuses a wrong
 * key, keeps idempotency keys with what was asked under them (docs.stripe.com/api/idempotent_requests), and signs its
 * webhooks as Stripe does. Tokens name their outcome: `pm_ok`, `pm_<decline code>`, `pm_processing`.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import Stripe from 'stripe';

type Fields = Record<string, string>;
interface Intent {
  readonly id: string;
  readonly object: 'payment_intent';
  status: string;
  readonly amount: number;
  amount_received: number;
  readonly currency: string;
  readonly customer: string;
  readonly metadata: Fields;
  last_payment_error: { code: string; decline_code?: string } | null;
}
interface Refund {
  readonly id: string;
  readonly object: 'refund';
  readonly payment_intent: string;
  readonly amount: number;
  readonly metadata: Fields;
  status: string;
}
interface Dispute {
  readonly id: string;
  readonly object: 'dispute';
  readonly payment_intent: string;
  readonly amount: number;
  status: string;
  readonly balance_transactions: readonly { fee: number }[];
}

export interface StripeDouble extends AsyncDisposable {
  readonly origin: URL;
  readonly secretKey: string;
  readonly webhookSecret: string;
  readonly intents: Map<string, Intent>;
  readonly refunds: Map<string, Refund>;
  readonly disputes: Map<string, Dispute>;
  /** Requests that were answered, by method and path. */
  readonly requests: string[];
  /** How requests end from now on: their connections break after the work or before it, or they get 500. */
  fail(how: 'after' | 'before' | 'error' | undefined): void;
  /** A signed message about an object, as Stripe would post it. */
  message(type: string, object: object, id?: string): { body: string; headers: Fields };
  /** The bank takes a charge back. */
  dispute(intentId: string, fee: number): Dispute;
}

class Refused extends Error {
  readonly status: number;
  readonly error: object;
  constructor(status: number, error: object) {
    super('refused');
    this.status = status;
    this.error = error;
  }
}

export async function startStripeDouble(): Promise<StripeDouble> {
  const secretKey = 'sk_test_double';
  const webhookSecret = 'whsec_double';
  const customers = new Set<string>();
  const attached = new Map<string, string>();
  const intents = new Map<string, Intent>();
  const refunds = new Map<string, Refund>();
  const disputes = new Map<string, Dispute>();
  const answers = new Map<string, { asked: string; status: number; body: string }>();
  const requests: string[] = [];
  let fault: 'after' | 'before' | 'error' | undefined;
  const newId = (prefix: string) => `${prefix}_${randomUUID().replaceAll('-', '')}`;

  function intentOf(id: string): Intent {
    const intent = intents.get(id);
    if (intent === undefined)
      throw new Refused(404, {
        type: 'invalid_request_error',
        code: 'resource_missing',
        message: `No such payment_intent: '${id}'`,
      });
    return intent;
  }

  function createIntent(fields: Fields): Intent {
    const token = fields.payment_method ?? '';
    if (attached.get(token) !== fields.customer)
      throw new Refused(400, {
        type: 'invalid_request_error',
        code: 'payment_method_unexpected_state',
        message: 'The payment method is not attached to this customer',
      });
    const outcome = token.replace(/^pm_/, '').replace(/_\d+$/, '');
    const amount = Number(fields.amount);
    const metadata = Object.fromEntries(
      Object.entries(fields).flatMap(([name, value]) => {
        const [, key] = /^metadata\[(.+)\]$/.exec(name) ?? [];
        return key === undefined ? [] : [[key, value]];
      }),
    );
    const status =
      outcome === 'ok' ? 'succeeded' : outcome === 'processing' ? 'processing' : 'requires_payment_method';
    const failed = status === 'requires_payment_method';
    const intent: Intent = {
      id: newId('pi'),
      object: 'payment_intent',
      status,
      amount,
      amount_received: status === 'succeeded' ? amount : 0,
      currency: fields.currency ?? '',
      customer: fields.customer ?? '',
      metadata,
      last_payment_error: failed ? { code: 'card_declined', decline_code: outcome } : null,
    };
    intents.set(intent.id, intent);
    if (failed)
      throw new Refused(402, {
        type: 'card_error',
        ...intent.last_payment_error,
        message: 'Your card was declined.',
        payment_intent: intent,
      });
    return intent;
  }

  function createRefund(fields: Fields): Refund {
    const intent = intentOf(fields.payment_intent ?? '');
    const before = [...refunds.values()].filter((one) => one.payment_intent === intent.id);
    const amount = Number(fields.amount);
    if (before.reduce((sum, one) => sum + one.amount, 0) + amount > intent.amount_received)
      throw new Refused(400, {
        type: 'invalid_request_error',
        code: 'charge_already_refunded',
        message: 'Refund amount is greater than unrefunded amount on charge',
      });
    const key = fields['metadata[dotmac_key]'];
    const refund: Refund = {
      id: newId('re'),
      object: 'refund',
      payment_intent: intent.id,
      amount,
      metadata: key === undefined ? {} : { dotmac_key: key },
      status: 'succeeded',
    };
    refunds.set(refund.id, refund);
    return refund;
  }

  const list = (data: readonly object[]) => ({ object: 'list', has_more: false, url: '/', data });

  function answer(method: string, url: URL, fields: Fields): object {
    const [, , kind = '', id = '', action] = url.pathname.split('/');
    const of = (intentId: string | null) => (one: { payment_intent: string }) =>
      one.payment_intent === intentId;
    switch (`${method} ${kind}${id === '' ? '' : '/:id'}${action === undefined ? '' : `/${action}`}`) {
      case 'POST customers': {
        const made = newId('cus');
        customers.add(made);
        return { id: made, object: 'customer' };
      }
      case 'POST payment_methods/:id/attach': {
        const customer = fields.customer ?? '';
        if (!customers.has(customer) || !id.startsWith('pm_'))
          throw new Refused(400, {
            type: 'invalid_request_error',
            code: 'resource_missing',
            message: `No such PaymentMethod: '${id}'`,
          });
        attached.set(id, customer);
        const card = { brand: 'visa', last4: '4242', exp_month: 12, exp_year: 2030 };
        return { id, object: 'payment_method', type: 'card', customer, card };
      }
      case 'POST payment_intents':
        return createIntent(fields);
      case 'GET payment_intents/:id':
        return intentOf(id);
      case 'GET payment_intents':
        return list([...intents.values()].filter((one) => one.customer === url.searchParams.get('customer')));
      case 'POST refunds':
        return createRefund(fields);
      case 'GET refunds':
        return list([...refunds.values()].filter(of(url.searchParams.get('payment_intent'))));
      case 'GET disputes':
        return list([...disputes.values()].filter(of(url.searchParams.get('payment_intent'))));
      default:
        throw new Refused(404, {
          type: 'invalid_request_error',
          message: `Unrecognized request URL (${method}: ${url.pathname})`,
        });
    }
  }

  /** A key gives the first answer again, and refuses another request. */
  function once(request: IncomingMessage, text: string): { status: number; body: string } {
    const url = new URL(request.url ?? '/', 'http://stripe.invalid');
    if (request.headers.authorization !== `Bearer ${secretKey}`)
      throw new Refused(401, { type: 'invalid_request_error', message: 'Invalid API Key provided' });
    const key = request.headers['idempotency-key'] as string | undefined;
    const asked = `${request.method} ${url.pathname} ${text}`;
    const before = key === undefined ? undefined : answers.get(key);
    if (before !== undefined) {
      if (before.asked === asked) return before;
      throw new Refused(400, {
        type: 'idempotency_error',
        message: 'Keys for idempotent requests can only be used with the same parameters',
      });
    }
    const made = settled(() =>
      answer(request.method ?? '', url, Object.fromEntries(new URLSearchParams(text))),
    );
    requests.push(`${request.method} ${url.pathname}`);
    if (key !== undefined) answers.set(key, { asked, ...made });
    return made;
  }

  function settled(work: () => object): { status: number; body: string } {
    try {
      return { status: 200, body: JSON.stringify(work()) };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return { status: error.status, body: JSON.stringify({ error: error.error }) };
    }
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const how = fault;
    const text = (await request.toArray()).join('');
    if (how === 'before') return void response.destroy();
    const { status, body } =
      how === 'error'
        ? { status: 500, body: JSON.stringify({ error: { type: 'api_error', message: 'An error of ours' } }) }
        : reply(request, text);
    if (how === 'after') return void response.destroy();
    response.writeHead(status, { 'content-type': 'application/json', 'request-id': newId('req') }).end(body);
  }

  function reply(request: IncomingMessage, text: string): { status: number; body: string } {
    try {
      return once(request, text);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return { status: error.status, body: JSON.stringify({ error: error.error }) };
    }
  }

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: new URL(`http://127.0.0.1:${port}`),
    secretKey,
    webhookSecret,
    intents,
    refunds,
    disputes,
    requests,
    fail(how) {
      fault = how;
    },
    message(type, object, id = newId('evt')) {
      const body = JSON.stringify({ id, object: 'event', type, data: { object } });
      const signature = new Stripe(secretKey).webhooks.generateTestHeaderString({
        payload: body,
        secret: webhookSecret,
      });
      return { body, headers: { 'stripe-signature': signature } };
    },
    dispute(intentId, fee) {
      const { amount_received: amount } = intentOf(intentId);
      const dispute: Dispute = {
        id: newId('dp'),
        object: 'dispute',
        payment_intent: intentId,
        amount,
        status: 'needs_response',
        balance_transactions: [{ fee }],
      };
      disputes.set(dispute.id, dispute);
      return dispute;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
