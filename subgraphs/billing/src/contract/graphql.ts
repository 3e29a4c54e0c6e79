import { newId } from '@dotmac/platform';
import { divRound } from '@dotmac/platform/money/rounding';
import { ConflictError, NotFoundError, ValidationError } from '@dotmac/schema';
import { lockedAccount } from '../account/store.ts';
import { actOf } from '../act.ts';
import { builder } from '../builder.ts';
import { formatDay } from '../calendar/rules.ts';
import type { PlanVersion } from '../catalogue/store.ts';
import { ExplanationRef } from '../document/type.ts';
import type { Explanation } from '../explanation/rules.ts';
import { dayOfText } from '../run/run.ts';
import { currentVersions } from '../service-line/store.ts';
import { ServiceRef } from '../service-line/type.ts';
import { earliestEnd, earlyTerminationFee, termEnd } from './rules.ts';
import { type Contract, feeOf, insertContract, runningContracts, termOf, updateContract } from './store.ts';

const FeeKindEnum = builder.enumType('EarlyTerminationKind', {
  values: {
    NONE: { value: 'none' },
    FIXED: { value: 'fixed' },
    REMAINING_MONTHS: {
      value: 'remainingMonths',
      description:
        'A percentage of the monthly rate for every month that is left, a begun one counted whole.',
    },
    DECLINING: { value: 'declining', description: 'Falls month by month to nothing at the end of the term.' },
  },
} as const);

interface Termination {
  readonly amount: bigint;
  readonly currency: string;
  readonly explanation: Explanation;
}
export const TerminationRef = builder.objectRef<Termination>('EarlyTermination').implement({
  fields: (t) => ({
    amount: t.field({ type: 'Money', resolve: ({ amount, currency }) => ({ minor: amount, currency }) }),
    explain: t.field({ type: ExplanationRef, resolve: ({ explanation }) => explanation }),
  }),
});

const ContractRef = builder.objectRef<Contract>('Contract').implement({
  description: 'For how long a service was agreed, and what leaving early costs.',
  authScopes: ({ customerId }, { principal }) =>
    principal.customerId === customerId || { scope: 'billing:read' },
  fields: (t) => ({
    id: t.exposeID('id'),
    startedOn: t.expose('startedOn', { type: 'LocalDate' }),
    months: t.exposeInt('months'),
    noticeDays: t.exposeInt('noticeDays'),
    renewMonths: t.exposeInt('renewMonths', { description: '0: it runs on from month to month.' }),
    endsOn: t.field({
      type: 'LocalDate',
      nullable: true,
      description: 'The first day after the term that runs today; null when none runs any more.',
      resolve: (contract, _args, context) => {
        const end = termEnd(termOf(contract), dayOfText(actOf(context).today));
        return end === undefined ? null : formatDay(end);
      },
    }),
    earliestEnd: t.field({
      type: 'LocalDate',
      description: 'The first day on which it can end without a fee, when notice is given today.',
      resolve: (contract, _args, context) =>
        formatDay(earliestEnd(termOf(contract), dayOfText(actOf(context).today))),
    }),
    earlyTermination: t.field({
      type: TerminationRef,
      nullable: true,
      description: 'What it would cost to end on a day; null when nothing was agreed.',
      args: { on: t.arg({ type: 'LocalDate', required: true }) },
      resolve: (contract, { on }) => {
        const fee = feeOf(contract);
        if (fee === undefined) return null;
        const { currency, waivedBecause } = contract;
        const waiver = waivedBecause ?? undefined;
        return { currency, ...earlyTerminationFee(termOf(contract), fee, dayOfText(on), waiver) };
      },
    }),
    waivedBecause: t.exposeString('waivedBecause', { nullable: true }),
  }),
});

builder.objectField(ServiceRef, 'contract', (t) =>
  t.field({
    type: ContractRef,
    nullable: true,
    description: 'The one that runs.',
    authScopes: { signedIn: true },
    resolve: async ({ id }, _args, { loaders, principal }) => {
      const contract = await loaders.contractOfService.load(id);
      const may = contract?.customerId === principal.customerId || principal.scopes.includes('billing:read');
      return may ? contract : null;
    },
  }),
);

const AgreeContractInput = builder.inputType('AgreeContractInput', {
  fields: (t) => ({
    serviceId: t.id({ required: true }),
    from: t.field({ type: 'LocalDate', description: 'Today when left out.' }),
    months: t.int({ required: true }),
    noticeDays: t.int({ defaultValue: 30 }),
    renewMonths: t.int({
      defaultValue: 0,
      description: 'By how many months it renews; 0: it runs on monthly.',
    }),
    fee: t.field({ type: FeeKindEnum, required: true }),
    feeMinor: t.field({ type: 'BigInt', description: 'Of FIXED and DECLINING, in minor units.' }),
    feePercent: t.string({ description: 'Of REMAINING_MONTHS, such as 50 or 12.5.' }),
    clientMutationId: t.string(),
  }),
});
type AgreeInput = typeof AgreeContractInput.$inferInput;
const WaiveInput = builder.inputType('WaiveEarlyTerminationInput', {
  fields: (t) => ({
    serviceId: t.id({ required: true }),
    because: t.string({ required: true }),
    clientMutationId: t.string(),
  }),
});

function between(field: string, value: number, from: number, to: number): number {
  if (value < from || value > to)
    throw new ValidationError(`input.${field}`, `must be ${from} to ${to}, not ${value}`);
  return value;
}

/** What the fee is counted by, as far as its kind needs it. */
function feeTerms({ fee, feeMinor, feePercent }: AgreeInput, version: PlanVersion) {
  const none = { feeMinor: null, feePercent: null, monthlyRateMinor: null };
  if (fee === 'none') return none;
  if (fee !== 'remainingMonths') {
    if (feeMinor == null || feeMinor <= 0n)
      throw new ValidationError('input.feeMinor', 'This kind of fee has an amount of more than 0');
    return { ...none, feeMinor };
  }
  if (feePercent == null || !/^\d{1,3}(\.\d{1,6})?$/.test(feePercent) || !inPercent(feePercent))
    throw new ValidationError(
      'input.feePercent',
      'A percentage is more than 0 and at most 100, such as 12.5',
    );
  const months = { month: 1, year: 12 }[version.interval.unit as string];
  if (months === undefined)
    throw new ValidationError('input.fee', 'A plan that is not charged by the month has no monthly rate');
  const rate = divRound(version.priceMinor, BigInt(months * version.interval.count));
  return { ...none, feePercent, monthlyRateMinor: rate };
}

const inPercent = (text: string) => Number(text) > 0 && Number(text) <= 100;

builder.mutationFields((t) => ({
  agreeContract: t.field({
    type: ContractRef,
    description: 'A new contract of a service takes the place of the one that runs, without a fee.',
    authScopes: { scope: 'billing:write' },
    errors: { types: [ValidationError, NotFoundError] },
    args: { input: t.arg({ type: AgreeContractInput, required: true }) },
    resolve: (_root, { input }, context) => {
      const { services, principal } = context;
      const act = actOf(context);
      const { serviceId } = input;
      return services.database.transaction().execute(async (transaction) => {
        const [current] = await currentVersions(transaction, [serviceId]);
        if (current === undefined) throw new NotFoundError('active Service', serviceId);
        const { customerId, version } = current;
        await lockedAccount(transaction, customerId);
        const startedOn = input.from ?? act.today;
        const contract: Contract = {
          id: newId('ctr', services.clock),
          serviceLineId: serviceId,
          customerId,
          startedOn,
          months: between('months', input.months, 1, 120),
          noticeDays: between('noticeDays', input.noticeDays ?? 30, 0, 365),
          renewMonths: between('renewMonths', input.renewMonths ?? 0, 0, 120),
          feeKind: input.fee,
          ...feeTerms(input, version),
          currency: version.currency,
          // The fee is meant as the price is.
          taxInclusive: version.taxInclusive,
          agreedBy: principal.id,
          agreedAt: new Date(act.now),
          waivedBecause: null,
          waivedBy: null,
          endedOn: null,
        };
        const [before] = await runningContracts(transaction, [serviceId]);
        if (before !== undefined) await updateContract(transaction, before.id, { endedOn: startedOn });
        return insertContract(transaction, contract);
      });
    },
  }),
  waiveEarlyTermination: t.field({
    type: ContractRef,
    description: 'Whoever leaves early from now on pays nothing for it.',
    authScopes: { scope: 'billing:write' },
    errors: { types: [ValidationError, NotFoundError, ConflictError] },
    args: { input: t.arg({ type: WaiveInput, required: true }) },
    resolve: (_root, { input: { serviceId, because } }, { services, principal }) => {
      if (because.trim() === '') throw new ValidationError('input.because', 'Say why: it is shown and kept');
      return services.database.transaction().execute(async (transaction) => {
        const [contract] = await runningContracts(transaction, [serviceId]);
        if (contract === undefined) throw new NotFoundError('running Contract', serviceId);
        await lockedAccount(transaction, contract.customerId);
        if (contract.waivedBecause !== null)
          throw new ConflictError('WAIVED', `It is waived already: ${contract.waivedBecause}`);
        return updateContract(transaction, contract.id, { waivedBecause: because, waivedBy: principal.id });
      });
    },
  }),
}));
