import { minorDigits } from '@dotmac/platform/money/currency';
import { formatUnits } from '@dotmac/platform/money/decimal';

export type MailKind =
  | 'invoice'
  | 'summary'
  | 'receipt'
  | 'paymentFailed'
  | 'reminder'
  | 'statement'
  | 'lowBalance'
  | 'trialEnding';

/** What a letter tells. Amounts in minor units, days as ISO dates. */
export type MailFacts =
  | { readonly kind: 'invoice'; readonly number: string; readonly gross: bigint; readonly dueOn: string }
  | {
      readonly kind: 'summary';
      readonly numbers: readonly string[];
      readonly total: bigint;
      readonly dueOn: string;
    }
  | {
      readonly kind: 'receipt';
      readonly amount: bigint;
      readonly on: string;
      readonly numbers: readonly string[];
    }
  | {
      readonly kind: 'paymentFailed';
      readonly number: string;
      readonly amount: bigint;
      readonly nextAttemptOn: string | null;
    }
  | { readonly kind: 'reminder'; readonly number: string; readonly open: bigint; readonly dueOn: string }
  | {
      readonly kind: 'lowBalance';
      readonly on: string;
      readonly balance: bigint;
      readonly needed: bigint;
      /** Whether the day has come. */
      readonly isExpired: boolean;
    }
  | { readonly kind: 'trialEnding'; readonly paidFrom: string; readonly daysLeft: number }
  | { readonly kind: 'statement'; readonly on: string; readonly owed: bigint; readonly overdue: bigint };

export interface Letter {
  readonly subject: string;
  readonly text: string;
}

/** The words of a letter from a seller to a customer. */
export function letter(facts: MailFacts, customer: string, seller: string, currency: string): Letter {
  const money = (minor: bigint) => `${formatUnits(minor, minorDigits(currency) ?? 2)} ${currency}`;
  const { subject, lines } = content(facts, money);
  const oneLine = (text: string) => text.replace(/\s+/g, ' ').trim();
  return {
    subject: oneLine(`${seller}: ${subject}`),
    text: [`Dear ${oneLine(customer)},`, '', ...lines, '', oneLine(seller), ''].join('\n'),
  };
}

function content(
  facts: MailFacts,
  money: (minor: bigint) => string,
): { readonly subject: string; readonly lines: readonly string[] } {
  switch (facts.kind) {
    case 'invoice':
      return {
        subject: `invoice ${facts.number}`,
        lines: [`attached is the invoice ${facts.number} of ${money(facts.gross)}, due on ${facts.dueOn}.`],
      };
    case 'summary':
      return {
        subject: `${facts.numbers.length} invoices that you pay`,
        lines: [
          `you pay the invoices ${facts.numbers.join(', ')}: together ${money(facts.total)}, due on ${facts.dueOn}.`,
        ],
      };
    case 'receipt':
      return {
        subject: 'payment received',
        lines: [
          `your payment of ${money(facts.amount)} arrived on ${facts.on}. Thank you.`,
          ...(facts.numbers.length === 0
            ? ['It is kept as credit for your next invoice.']
            : [`It went to ${facts.numbers.join(', ')}.`]),
        ],
      };
    case 'paymentFailed':
      return {
        subject: `the payment of ${facts.number} failed`,
        lines: [
          `${money(facts.amount)} for the invoice ${facts.number} could not be charged.`,
          facts.nextAttemptOn === null
            ? 'It is not tried again: please pay in another way, or give another means of payment.'
            : `It is tried again on ${facts.nextAttemptOn}.`,
        ],
      };
    case 'reminder':
      return {
        subject: `reminder of ${facts.number}`,
        lines: [
          `${money(facts.open)} of the invoice ${facts.number} was due on ${facts.dueOn}, and did not arrive yet.`,
          'If it crossed with this letter, please disregard it.',
        ],
      };
    case 'lowBalance':
      return {
        subject: facts.isExpired ? 'your balance is used up' : 'your balance runs low',
        lines: [
          `your balance is ${money(facts.balance)}; on ${facts.on} your service costs ${money(facts.needed)}.`,
          facts.isExpired
            ? 'It is closed until a top-up buys it, and opens with it at once.'
            : 'Please top it up before that day, so that it goes on.',
        ],
      };
    case 'trialEnding':
      return {
        subject: facts.daysLeft === 0 ? 'your trial has ended' : `your trial ends on ${facts.paidFrom}`,
        lines: [
          `from ${facts.paidFrom} on your platform is paid for by the rate card that you see in your bill.`,
          'Nothing stops and nothing is to be done; days before it cost nothing.',
        ],
      };
    case 'statement':
      return {
        subject: `statement of ${facts.on}`,
        lines: [`on ${facts.on} you owe ${money(facts.owed)}, of which ${money(facts.overdue)} is overdue.`],
      };
  }
}
