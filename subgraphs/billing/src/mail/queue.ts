import type { TenantDatabase } from '@dotmac/migrations';
import { newId } from '@dotmac/platform';
import { isMailbox } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import { accountsById } from '../account/store.ts';
import type { BillingServices } from '../builder.ts';
import { seller } from '../seller/store.ts';
import { letter, type MailFacts } from './rules.ts';
import { insertMail, type Mail } from './store.ts';

export const mailQueue = 'billing.mail';

export interface NewMail {
  readonly customerId: string;
  readonly facts: MailFacts;
  /** What it tells of: a letter of its kind about it is written once. */
  readonly about: string;
  readonly documentId: string | null;
}

/** Puts a letter into the outbox, in the transaction of what it tells of. @returns null when he has no address, or has it. */
export async function queueMail(
  transaction: Transaction<TenantDatabase>,
  services: BillingServices,
  { customerId, facts, about, documentId }: NewMail,
): Promise<Mail | null> {
  const [account] = await accountsById(transaction, [customerId]);
  const recipient = account?.email ?? '';
  if (account === undefined || !isMailbox(recipient)) return null;
  const from = (await seller(transaction))?.name ?? services.tenant?.name ?? '';
  const { subject, text } = letter(facts, account.name, from, account.currency);
  const mail: Mail = {
    id: newId('eml', services.clock),
    customerId,
    kind: facts.kind,
    about,
    recipient,
    subject,
    body: text,
    documentId,
    state: 'queued',
    problem: null,
    queuedAt: new Date(services.clock.now()),
    sentAt: null,
  };
  if (!(await insertMail(transaction, mail))) return null;
  await services.jobs.enqueue(transaction as never, mailQueue, { id: mail.id });
  return mail;
}
