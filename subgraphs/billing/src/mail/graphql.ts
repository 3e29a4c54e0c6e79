import { ConflictError, isMailbox, NotFoundError, ValidationError } from '@dotmac/schema';
import { CustomerRef } from '../account/type.ts';
import { actOf } from '../act.ts';
import { builder } from '../builder.ts';
import type { Document } from '../document/store.ts';
import { InvoiceRef } from '../document/type.ts';
import { statementOf } from '../statement/store.ts';
import { queueMail } from './queue.ts';
import { type Mail, type MailServer, mailServer, mails, removeMailServer, saveMailServer } from './store.ts';

const MailKindEnum = builder.enumType('MailKind', {
  values: {
    INVOICE: { value: 'invoice' },
    SUMMARY: { value: 'summary', description: 'Of the invoices of others that he pays.' },
    RECEIPT: { value: 'receipt' },
    PAYMENT_FAILED: { value: 'paymentFailed' },
    REMINDER: { value: 'reminder' },
    STATEMENT: { value: 'statement' },
    LOW_BALANCE: { value: 'lowBalance' },
    TRIAL_ENDING: { value: 'trialEnding' },
  },
} as const);
const MailStateEnum = builder.enumType('MailState', {
  values: {
    QUEUED: { value: 'queued', description: 'Tried again for some hours.' },
    SENT: { value: 'sent' },
    FAILED: { value: 'failed', description: 'The server will not take it.' },
  },
} as const);

const MailRef = builder.objectRef<Mail>('Mail').implement({
  description: 'A letter to a customer.',
  fields: (t) => ({
    id: t.exposeID('id'),
    customer: t.field({ type: CustomerRef, resolve: ({ customerId }) => ({ id: customerId }) }),
    kind: t.field({ type: MailKindEnum, resolve: ({ kind }) => kind }),
    recipient: t.exposeString('recipient'),
    subject: t.exposeString('subject'),
    body: t.exposeString('body'),
    attached: t.field({
      type: InvoiceRef,
      nullable: true,
      resolve: async ({ documentId }, _args, { loaders }) =>
        documentId === null ? null : ((await loaders.document.load(documentId)) as Document),
    }),
    state: t.field({ type: MailStateEnum, resolve: ({ state }) => state }),
    problem: t.exposeString('problem', { nullable: true }),
    queuedAt: t.expose('queuedAt', { type: 'DateTime' }),
    sentAt: t.expose('sentAt', { type: 'DateTime', nullable: true }),
  }),
});

const MailServerRef = builder.objectRef<MailServer>('MailServer').implement({
  description: 'Through which customers are written to. Its address and password are sealed.',
  fields: (t) => ({
    sender: t.exposeString('sender'),
    since: t.expose('since', { type: 'DateTime', description: 'What happened before is not told of.' }),
  }),
});

builder.queryFields((t) => ({
  mailServer: t.field({
    type: MailServerRef,
    nullable: true,
    description: 'None: nobody is written to.',
    authScopes: { scope: 'billing:read' },
    resolve: (_root, _args, { services }) => mailServer(services.database),
  }),
  mails: t.field({
    type: [MailRef],
    description: 'Newest first, at most 200.',
    authScopes: { scope: 'billing:read' },
    args: {
      customerId: t.arg.id(),
      unsent: t.arg.boolean({ description: 'Only those that the server did not take.' }),
    },
    resolve: (_root, { customerId, unsent }, { services }) =>
      mails(services.database, { customerId: customerId ?? null, onlyOpen: unsent === true }),
  }),
}));

const SetMailServerInput = builder.inputType('SetMailServerInput', {
  fields: (t) => ({
    url: t.string({ description: 'smtp:// or smtps:// with user and password; none ends all letters.' }),
    sender: t.string({ description: 'The address of the sender.' }),
    clientMutationId: t.string(),
  }),
});
const SendStatementInput = builder.inputType('SendStatementInput', {
  fields: (t) => ({ customerId: t.id({ required: true }), clientMutationId: t.string() }),
});

builder.mutationFields((t) => ({
  setMailServer: t.field({
    type: MailServerRef,
    nullable: true,
    authScopes: { scope: 'tenant:write' },
    errors: { types: [ValidationError] },
    args: { input: t.arg({ type: SetMailServerInput, required: true }) },
    resolve: (_root, { input: { url, sender } }, { services }) =>
      services.database.transaction().execute(async (transaction) => {
        if (url == null) {
          await removeMailServer(transaction);
          return null;
        }
        const parsed = URL.parse(url);
        if (parsed === null || !/^smtps?:$/.test(parsed.protocol) || parsed.hostname === '')
          throw new ValidationError('input.url', 'A mail server is smtp://… or smtps://…');
        // Options of the library in the address could do more than name a server.
        if (parsed.search !== '' || parsed.hash !== '')
          throw new ValidationError('input.url', 'The address of a mail server has no ? and no #');
        if (sender == null || !isMailbox(sender))
          throw new ValidationError('input.sender', 'The sender is an address such as billing@example.com');
        const since = new Date(services.clock.now());
        return saveMailServer(transaction, services.secrets, { url, sender, since });
      }),
  }),
  sendStatement: t.field({
    type: MailRef,
    description: 'Writes to a customer what he owes as of today, once a day.',
    authScopes: { scope: 'billing:write' },
    errors: { types: [NotFoundError, ConflictError] },
    args: { input: t.arg({ type: SendStatementInput, required: true }) },
    resolve: (_root, { input: { customerId } }, context) => {
      const { services } = context;
      const { today } = actOf(context);
      return services.database.transaction().execute(async (transaction) => {
        const statement = await statementOf(transaction, customerId, today, today, today);
        if (statement === null) throw new NotFoundError('Customer', customerId);
        if ((await mailServer(transaction)) === null)
          throw new ConflictError('NO_MAIL_SERVER', 'There is no mail server: set one first');
        const { closing, aging } = statement;
        const mail = await queueMail(transaction, services, {
          customerId,
          facts: { kind: 'statement', on: today, owed: closing, overdue: aging.overdue },
          about: `${customerId}:${today}`,
          documentId: null,
        });
        if (mail === null)
          throw new ConflictError('NOT_WRITTEN', 'He has no e-mail address, or had his statement today');
        return mail;
      });
    },
  }),
}));
