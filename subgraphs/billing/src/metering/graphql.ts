import { ConflictError, NotFoundError, ValidationError } from '@dotmac/schema';
import { documentConnection } from '../account/graphql.ts';
import { type Account, expectCharge, lockedAccount, updateAccount } from '../account/store.ts';
import { AccountRef, CustomerRef } from '../account/type.ts';
import { actOf } from '../act.ts';
import { builder } from '../builder.ts';
import { formatDay, parseDay } from '../calendar/rules.ts';
import { type Plan, plansById, versionOnSale, versionsOfPlans } from '../catalogue/store.ts';
import { PlanRef } from '../catalogue/type.ts';
import { invoiceByNumber } from '../document/store.ts';
import { InvoiceRef } from '../document/type.ts';
import { periodContaining, periodGrid } from '../period/rules.ts';
import { TenantDayRestatementRef } from './graphql-restate.ts';
import {
  accountOfTenant,
  insertUsageLine,
  keepTenantDay,
  newestRateCard,
  type StandingDay,
  type TenantDay,
  tenantDays,
} from './store.ts';
import { usageLineId } from './store-usage.ts';
import { PlatformAccountRef } from './type.ts';

PlatformAccountRef.implement({
  description: 'An ISP as a customer of the platform. In tenant zero only.',
  fields: (t) => ({
    tenantId: t.id({ resolve: ({ tenantId }) => tenantId ?? '' }),
    customer: t.field({ type: CustomerRef, resolve: ({ customerId }) => ({ id: customerId }) }),
    account: t.field({ type: AccountRef, resolve: (account) => account }),
    rateCard: t.field({
      type: PlanRef,
      resolve: async ({ rateCardPlanId }, _args, { loaders }) =>
        (await loaders.plan.load(rateCardPlanId ?? '')) as Plan,
    }),
    liveFrom: t.field({
      type: 'LocalDate',
      description: 'Subscribers are counted from this day on.',
      resolve: ({ liveFrom }) => liveFrom ?? '',
    }),
    days: t.field({
      type: [TenantDayRef],
      description: 'The counts of the days [from, to).',
      args: {
        from: t.arg({ type: 'LocalDate', required: true }),
        to: t.arg({ type: 'LocalDate', required: true }),
      },
      resolve: ({ tenantId }, { from, to }, { services }) =>
        tenantDays(services.database, tenantId ?? '', from, to),
    }),
    invoices: t.connection({
      type: InvoiceRef,
      description: 'Newest first.',
      resolve: ({ customerId }, args, context) => documentConnection('INVOICE', customerId, args, context),
    }),
    invoice: t.field({
      type: InvoiceRef,
      nullable: true,
      description: "This ISP's, by its number; null for anybody else's.",
      args: { number: t.arg.string({ required: true }) },
      resolve: ({ customerId }, { number }, { services }) =>
        invoiceByNumber(services.database, customerId, number),
    }),
  }),
});

const TenantDayRef = builder.objectRef<TenantDay & Partial<StandingDay>>('TenantDay');
TenantDayRef.implement({
  fields: (t) => ({
    localDate: t.expose('localDate', { type: 'LocalDate' }),
    activeSubscribers: t.int({
      description: 'With a service that was active at the close of the day, as it stands.',
      resolve: (day) => day.restatements?.at(-1)?.activeSubscribers ?? day.activeSubscribers,
    }),
    digest: t.string({
      nullable: true,
      description: "The proof of the ISP's own `MeteredDay` of who was counted, or of its last restatement.",
      resolve: (day) => day.restatements?.at(-1)?.digest ?? day.digest,
    }),
    countedSubscribers: t.int({
      description: 'As it was counted, whatever was restated since.',
      resolve: ({ activeSubscribers }) => activeSubscribers,
    }),
    restatements: t.field({
      type: [TenantDayRestatementRef],
      description: 'Oldest first; the last one holds.',
      resolve: ({ restatements }) => [...(restatements ?? [])],
    }),
    recordedAt: t.expose('recordedAt', { type: 'DateTime' }),
  }),
});

builder.queryField('platformAccount', (t) =>
  t.field({
    type: PlatformAccountRef,
    nullable: true,
    args: { tenantId: t.arg.id({ required: true }) },
    authScopes: { scope: 'platform:read' },
    resolve: (_root, { tenantId }, { services }) => accountOfTenant(services.database, tenantId),
  }),
);

const OpenPlatformAccountInput = builder.inputType('OpenPlatformAccountInput', {
  fields: (t) => ({
    tenantId: t.id({ required: true }),
    customerId: t.id({ required: true }),
    rateCardPlanId: t.id({ description: 'The newest rate card when left out.' }),
    liveFrom: t.field({ type: 'LocalDate', description: 'Today when left out.' }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('openPlatformAccount', (t) =>
  t.field({
    type: PlatformAccountRef,
    description: 'Links an ISP to its customer here: its subscribers are counted and billed each month.',
    authScopes: { scope: 'platform:write' },
    errors: { types: [ValidationError, NotFoundError, ConflictError] },
    args: { input: t.arg({ type: OpenPlatformAccountInput, required: true }) },
    resolve: (_root, { input }, context) =>
      context.services.database.transaction().execute(async (transaction) => {
        const { tenantId, customerId } = input;
        const account = await lockedAccount(transaction, customerId);
        if (account === null) throw new NotFoundError('Customer', customerId);
        // Asked again, as after a lost answer.
        if (account.tenantId === tenantId) return account;
        if (account.tenantId !== null)
          throw new ConflictError('OTHER_TENANT', `The customer is the tenant ${account.tenantId} already`);
        if ((await accountOfTenant(transaction, tenantId)) !== null)
          throw new ConflictError('OTHER_CUSTOMER', `The tenant ${tenantId} is another customer already`);
        const rateCardPlanId = input.rateCardPlanId ?? (await newestRateCard(transaction));
        const [plan] = rateCardPlanId === null ? [] : await plansById(transaction, [rateCardPlanId]);
        if (plan?.kind !== 'RATE_CARD' || rateCardPlanId === null)
          throw new ValidationError(
            'input.rateCardPlanId',
            'There is no such rate card; create a plan of that kind',
          );
        const liveFrom = input.liveFrom ?? actOf(context).today;
        const day = parseDay(liveFrom);
        if (day === undefined)
          throw new ValidationError('input.liveFrom', `${liveFrom} is not a day of the calendar`);
        const anchorDay = account.anchorDay ?? 1;
        const grid = periodGrid({ type: 'dayOfMonth', day: anchorDay }, { unit: 'month', count: 1 }, day);
        await insertUsageLine(transaction, { id: usageLineId(tenantId), customerId });
        const trial = versionOnSale(await versionsOfPlans(transaction, [rateCardPlanId]), liveFrom)?.trial;
        const opened = {
          tenantId,
          rateCardPlanId,
          liveFrom,
          anchorDay,
          trialUntil: trial == null ? null : formatDay(day + trial.days),
          trialCoversBundles: trial?.coversBundles ?? false,
        };
        await updateAccount(transaction, customerId, opened);
        await expectCharge(transaction, customerId, formatDay(periodContaining(grid, day).to));
        return (await lockedAccount(transaction, customerId)) as Account;
      }),
  }),
);

const RecordTenantDayInput = builder.inputType('RecordTenantDayInput', {
  fields: (t) => ({
    tenantId: t.id({ required: true }),
    localDate: t.field({ type: 'LocalDate', required: true }),
    activeSubscribers: t.int({ required: true }),
    digest: t.string({ description: "Of the ISP's own `MeteredDay`." }),
    eventId: t.id({
      required: true,
      description: "Of the tenant's own event: sent again, it is the same day.",
    }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('recordTenantDay', (t) =>
  t.field({
    type: TenantDayRef,
    description: 'How many subscribers of an ISP were active at the close of its local day.',
    authScopes: { scope: 'platform:write' },
    errors: { types: [ValidationError, ConflictError] },
    args: { input: t.arg({ type: RecordTenantDayInput, required: true }) },
    resolve: (_root, { input }, { services }) => {
      const { tenantId, localDate, activeSubscribers, eventId } = input;
      const digest = input.digest ?? null;
      if (digest !== null && !/^[0-9a-f]{64}$/.test(digest))
        throw new ValidationError('input.digest', 'A digest is 64 hexadecimal digits in small letters');
      if (activeSubscribers < 0)
        throw new ValidationError('input.activeSubscribers', 'A count is not below 0');
      return services.database.transaction().execute(async (transaction) => {
        const day = await keepTenantDay(transaction, {
          tenantId,
          localDate,
          activeSubscribers,
          eventId,
          digest,
          recordedAt: new Date(services.clock.now()),
        });
        const same =
          day.tenantId === tenantId &&
          day.localDate === localDate &&
          day.activeSubscribers === activeSubscribers &&
          day.digest === digest;
        if (!same)
          throw new ConflictError(
            'DAY_RECORDED',
            `${day.localDate} of ${day.tenantId} is recorded with ${day.activeSubscribers}`,
          );
        return day;
      });
    },
  }),
);
