import { currencyCode } from '@dotmac/platform/money/currency';
import { ConflictError, ValidationError } from '@dotmac/schema';
import { builder } from '../builder.ts';
import { defaultCampaign } from '../dunning/store.ts';
import type { LateFeeStep } from './rules.ts';
import { lateFeeSteps, replaceLateFeeSteps, type StoredLateFeeStep } from './store.ts';

const LateFeeKindEnum = builder.enumType('LateFeeKind', {
  values: {
    FIXED: { value: 'fixed' },
    PERCENT: { value: 'percent' },
    DAILY_INTEREST: { value: 'dailyInterest' },
  },
} as const);

const LateFeeStepRef = builder.objectRef<StoredLateFeeStep>('LateFeeStep').implement({
  description: 'Charged once per invoice, of what is overdue without late fees.',
  fields: (t) => ({
    id: t.id({ resolve: ({ step }) => step.id }),
    graceDays: t.int({ resolve: ({ step }) => step.graceDays }),
    kind: t.field({ type: LateFeeKindEnum, resolve: ({ step }) => step.fee.type }),
    percent: t.string({
      nullable: true,
      description: 'Of a year, for daily interest.',
      resolve: ({ step: { fee } }) =>
        fee.type === 'fixed' ? null : fee.type === 'percent' ? fee.percent : fee.yearlyPercent,
    }),
    amountMinor: t.field({
      type: 'BigInt',
      nullable: true,
      resolve: ({ step: { fee } }) => (fee.type === 'fixed' ? fee.amount : null),
    }),
    currency: t.string({ nullable: true, resolve: ({ currency }) => currency }),
    capMinor: t.field({ type: 'BigInt', nullable: true, resolve: ({ step }) => step.cap ?? null }),
  }),
});

const LateFeeStepInput = builder.inputType('LateFeeStepInput', {
  fields: (t) => ({
    id: t.string({ required: true }),
    graceDays: t.int({ required: true, description: 'Days after the due day before it applies.' }),
    kind: t.field({ type: LateFeeKindEnum, required: true }),
    percent: t.string({ description: 'Of what is overdue; of a year, for daily interest.' }),
    amountMinor: t.field({ type: 'BigInt', description: 'Of a fixed fee.' }),
    currency: t.string({ description: 'Of the amount and the cap: only invoices in it are charged.' }),
    capMinor: t.field({ type: 'BigInt', description: 'At most this.' }),
  }),
});
type StepInput = typeof LateFeeStepInput.$inferInput;

function stepOf(input: StepInput, field: string): StoredLateFeeStep {
  const { id, graceDays, kind, percent, amountMinor, currency, capMinor } = input;
  const fail = (part: string, message: string) => new ValidationError(`${field}.${part}`, message);
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(id)) throw fail('id', 'An id is a word such as after-14-days');
  if (graceDays < 0 || graceDays > 365) throw fail('graceDays', 'Grace is 0 to 365 days');
  if ((amountMinor != null || capMinor != null) && currencyCode(currency ?? '') === undefined)
    throw fail('currency', 'An amount or a cap needs its ISO 4217 currency');
  if (capMinor != null && capMinor <= 0n) throw fail('capMinor', 'A cap is more than 0');
  let fee: LateFeeStep['fee'];
  if (kind === 'fixed') {
    if (amountMinor == null || amountMinor <= 0n) throw fail('amountMinor', 'A fixed fee is more than 0');
    fee = { type: 'fixed', amount: amountMinor };
  } else {
    if (percent == null || !/^\d{1,3}(\.\d{1,6})?$/.test(percent) || Number(percent) === 0)
      throw fail('percent', 'Write a percent above 0 such as 1.5');
    fee =
      kind === 'percent' ? { type: 'percent', percent } : { type: 'dailyInterest', yearlyPercent: percent };
  }
  const step = { id, graceDays, fee, ...(capMinor == null ? {} : { cap: capMinor }) };
  return { step, currency: currency ?? null };
}

builder.queryField('lateFees', (t) =>
  t.field({
    type: [LateFeeStepRef],
    authScopes: { scope: 'billing:read' },
    resolve: async (_root, _args, { services }) => {
      const campaign = await defaultCampaign(services.database);
      return campaign === null ? [] : lateFeeSteps(services.database, campaign.id);
    },
  }),
);

const SetLateFeesInput = builder.inputType('SetLateFeesInput', {
  fields: (t) => ({
    steps: t.field({ type: [LateFeeStepInput], required: true, description: 'Empty: no late fees.' }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('setLateFees', (t) =>
  t.field({
    type: [LateFeeStepRef],
    description: 'What is charged when an invoice is not paid in time; from the next dunning run on.',
    authScopes: { scope: 'billing:write' },
    errors: { types: [ValidationError, ConflictError] },
    args: { input: t.arg({ type: SetLateFeesInput, required: true }) },
    resolve: (_root, { input }, { services }) => {
      const steps = input.steps.map((step, index) => stepOf(step, `input.steps[${index}]`));
      if (new Set(steps.map(({ step }) => step.id)).size < steps.length)
        throw new ValidationError('input.steps', 'Every step has an id of its own');
      return services.database.transaction().execute(async (transaction) => {
        const campaign = await defaultCampaign(transaction);
        if (campaign === null) throw new ConflictError('NO_CAMPAIGN', 'There is no default dunning campaign');
        await replaceLateFeeSteps(transaction, campaign.id, steps);
        return lateFeeSteps(transaction, campaign.id);
      });
    },
  }),
);
