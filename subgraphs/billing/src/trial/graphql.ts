import { ConflictError, NotFoundError, ValidationError } from '@dotmac/schema';
import { type Account, lockedAccount, updateAccount } from '../account/store.ts';
import { actOf } from '../act.ts';
import { builder } from '../builder.ts';
import { parseDay } from '../calendar/rules.ts';
import { today } from '../catalogue/graphql.ts';
import { accountOfTenant } from '../metering/store.ts';
import { PlatformAccountRef } from '../metering/type.ts';
import { dayOfText } from '../run/run.ts';
import { firstInvoiceOn } from './rules.ts';

const TrialRef = builder.objectRef<Account & { readonly trialUntil: string }>('PlatformTrial').implement({
  description: 'Days at the start of an ISP that it does not pay for. Afterwards it goes on, paid.',
  fields: (t) => ({
    paidFrom: t.expose('trialUntil', { type: 'LocalDate', description: 'The first day that is paid for.' }),
    daysLeft: t.int({
      description: 'Today included; 0 once it is over.',
      resolve: ({ trialUntil }, _args, { services }) =>
        Math.max(0, dayOfText(trialUntil) - dayOfText(today(services))),
    }),
    coversBundles: t.exposeBoolean('trialCoversBundles'),
    firstInvoiceOn: t.field({
      type: 'LocalDate',
      description: 'For counted subscribers, of the paid days of that month.',
      resolve: ({ trialUntil, anchorDay }) => firstInvoiceOn(dayOfText(trialUntil), anchorDay ?? 1),
    }),
  }),
});

builder.objectField(PlatformAccountRef, 'trial', (t) =>
  t.field({
    type: TrialRef,
    nullable: true,
    description: 'By the rate card under which the ISP began; null without one.',
    resolve: (account) =>
      account.trialUntil === null ? null : { ...account, trialUntil: account.trialUntil },
  }),
);

const SetTrialInput = builder.inputType('SetPlatformTrialInput', {
  fields: (t) => ({
    tenantId: t.id({ required: true }),
    paidFrom: t.field({
      type: 'LocalDate',
      description: 'The first day that is paid for; today, when left out: the ISP has decided.',
    }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('setPlatformTrial', (t) =>
  t.field({
    type: PlatformAccountRef,
    description:
      'Ends a trial early, or makes it longer, while it lasts. A bundle keeps the day that was promised with it.',
    authScopes: { scope: 'platform:write' },
    errors: { types: [ValidationError, NotFoundError, ConflictError] },
    args: { input: t.arg({ type: SetTrialInput, required: true }) },
    resolve: (_root, { input }, context) =>
      context.services.database.transaction().execute(async (transaction) => {
        const act = actOf(context);
        const found = await accountOfTenant(transaction, input.tenantId);
        const account = found === null ? null : await lockedAccount(transaction, found.customerId);
        if (account === null) throw new NotFoundError('PlatformAccount', input.tenantId);
        const paidFrom = input.paidFrom ?? act.today;
        const day = parseDay(paidFrom);
        if (day === undefined)
          throw new ValidationError('input.paidFrom', `${paidFrom} is not a day of the calendar`);
        if (account.trialUntil === null || account.trialUntil <= act.today)
          throw new ConflictError('NO_TRIAL', 'The ISP is in no trial');
        if (paidFrom < act.today || day > dayOfText(act.today) + 365)
          throw new ValidationError('input.paidFrom', 'It lies between today and a year from now');
        return updateAccount(transaction, account.customerId, { trialUntil: paidFrom });
      }),
  }),
);
