import { ValidationError } from '@dotmac/schema';
import { builder } from '../builder.ts';
import { ShapingInput, shapingFrom } from '../catalogue/input.ts';
import { MoneyInput, PlanBoundRef, ShapingRef } from '../catalogue/type.ts';
import {
  capActions,
  countedDirections,
  type FreeWindow,
  type PlanBound,
  type VolumeBound,
  type VolumeOffer,
} from './rules-bound.ts';

const names = {
  VOLUME: 'VolumeBound',
  CONTENTION: 'ContentionBound',
  COMMITTED_RATE: 'CommittedRateBound',
  ADDRESS_BLOCK: 'AddressBlockBound',
} as const;

PlanBoundRef.implement({
  description: 'What limits a plan besides its speed: one mechanism.',
  resolveType: ({ mechanism }) => names[mechanism],
  fields: (t) => ({
    mechanism: t.field({
      type: builder.enumType('BoundMechanism', {
        values: ['VOLUME', 'CONTENTION', 'COMMITTED_RATE', 'ADDRESS_BLOCK'] as const,
      }),
      resolve: ({ mechanism }) => mechanism,
    }),
  }),
});

const CapActionEnum = builder.enumType('CapAction', { values: capActions });
const CountedDirectionEnum = builder.enumType('CountedDirection', { values: countedDirections });

const VolumeOfferRef = builder.objectRef<VolumeOffer>('VolumeOffer').implement({
  fields: (t) => ({
    octets: t.field({ type: 'BigInt', resolve: ({ octets }) => octets }),
    price: t.field({
      type: 'Money',
      description: 'Without tax.',
      resolve: ({ priceMinor, currency }) => ({ minor: priceMinor, currency }),
    }),
  }),
});
const FreeWindowRef = builder.objectRef<FreeWindow>('FreeUsageWindow').implement({
  description: 'Local hours [fromHour, toHour) that do not count; over midnight when toHour is not later.',
  fields: (t) => ({ fromHour: t.exposeInt('fromHour'), toHour: t.exposeInt('toHour') }),
});

builder.objectRef<VolumeBound>('VolumeBound').implement({
  interfaces: [PlanBoundRef],
  fields: (t) => ({
    octets: t.field({ type: 'BigInt', description: 'Per interval.', resolve: ({ octets }) => octets }),
    counted: t.expose('counted', { type: CountedDirectionEnum }),
    atCap: t.expose('atCap', { type: CapActionEnum }),
    throttled: t.field({ type: ShapingRef, nullable: true, resolve: ({ throttled }) => throttled ?? null }),
    overage: t.field({
      type: VolumeOfferRef,
      nullable: true,
      description: 'For each started unit beyond the cap, in arrears.',
      resolve: ({ overage }) => overage ?? null,
    }),
    topUp: t.field({ type: VolumeOfferRef, nullable: true, resolve: ({ topUp }) => topUp ?? null }),
    rollover: t.exposeBoolean('rollover', {
      description: 'What is left is there once more in the next period, after its own.',
    }),
    freeWindows: t.field({ type: [FreeWindowRef], resolve: ({ freeWindows }) => [...freeWindows] }),
  }),
});
builder.objectRef<Extract<PlanBound, { mechanism: 'CONTENTION' }>>('ContentionBound').implement({
  interfaces: [PlanBoundRef],
  fields: (t) => ({
    ratio: t.exposeInt('ratio', { description: 'So many share the speed of one at the busiest hour.' }),
  }),
});
builder.objectRef<Extract<PlanBound, { mechanism: 'COMMITTED_RATE' }>>('CommittedRateBound').implement({
  interfaces: [PlanBoundRef],
  fields: (t) => ({
    downstream: t.field({ type: 'BitsPerSecond', resolve: ({ downstream }) => downstream }),
    upstream: t.field({ type: 'BitsPerSecond', resolve: ({ upstream }) => upstream }),
  }),
});
builder.objectRef<Extract<PlanBound, { mechanism: 'ADDRESS_BLOCK' }>>('AddressBlockBound').implement({
  interfaces: [PlanBoundRef],
  fields: (t) => ({
    ipv4PrefixLength: t.int({ nullable: true, resolve: ({ ipv4PrefixLength }) => ipv4PrefixLength ?? null }),
    ipv6PrefixLength: t.int({ nullable: true, resolve: ({ ipv6PrefixLength }) => ipv6PrefixLength ?? null }),
  }),
});

const VolumeOfferInput = builder.inputType('VolumeOfferInput', {
  fields: (t) => ({
    octets: t.field({ type: 'BigInt', required: true }),
    price: t.field({ type: MoneyInput, required: true, description: 'Without tax.' }),
  }),
});

const VolumeBoundInput = builder.inputType('VolumeBoundInput', {
  fields: (t) => ({
    octets: t.field({ type: 'BigInt', required: true, description: 'Per interval of the plan.' }),
    counted: t.field({ type: CountedDirectionEnum, defaultValue: 'BOTH' }),
    atCap: t.field({ type: CapActionEnum, required: true }),
    throttled: t.field({ type: ShapingInput, description: 'With THROTTLE: the speeds beyond the cap.' }),
    overage: t.field({ type: VolumeOfferInput, description: 'With OVERAGE: for each started unit.' }),
    topUp: t.field({ type: VolumeOfferInput, description: 'More for the rest of a period.' }),
    rollover: t.boolean({ defaultValue: false }),
    freeWindows: t.field({
      type: [
        builder.inputType('FreeUsageWindowInput', {
          fields: (f) => ({ fromHour: f.int({ required: true }), toHour: f.int({ required: true }) }),
        }),
      ],
    }),
  }),
});

export const PlanBoundInput = builder.inputType('PlanBoundInput', {
  description: 'Exactly one of these.',
  fields: (t) => ({
    volume: t.field({ type: VolumeBoundInput }),
    contention: t.field({
      type: builder.inputType('ContentionBoundInput', {
        fields: (f) => ({ ratio: f.int({ required: true }) }),
      }),
    }),
    committedRate: t.field({
      type: builder.inputType('CommittedRateBoundInput', {
        fields: (f) => ({
          downstream: f.field({ type: 'BitsPerSecond', required: true }),
          upstream: f.field({ type: 'BitsPerSecond', required: true }),
        }),
      }),
    }),
    addressBlock: t.field({
      type: builder.inputType('AddressBlockBoundInput', {
        fields: (f) => ({ ipv4PrefixLength: f.int(), ipv6PrefixLength: f.int() }),
      }),
    }),
  }),
});
type BoundInput = typeof PlanBoundInput.$inferInput;

/**
 * What somebody wrote down as the bound of a plan, which `checkBound` has yet to check.
 * @throws ValidationError when it is not exactly one mechanism, or in another currency than the plan.
 */
export function boundFrom(input: BoundInput, currency: string, field: string): PlanBound {
  const { volume, contention, committedRate, addressBlock } = input;
  if ([volume, contention, committedRate, addressBlock].filter((one) => one != null).length !== 1)
    throw new ValidationError(field, 'A plan is bounded by exactly one mechanism');
  if (contention != null) return { mechanism: 'CONTENTION', ratio: contention.ratio };
  if (committedRate != null) return { mechanism: 'COMMITTED_RATE', ...committedRate };
  if (addressBlock != null) {
    const { ipv4PrefixLength: four, ipv6PrefixLength: six } = addressBlock;
    return {
      mechanism: 'ADDRESS_BLOCK',
      ...(four == null ? {} : { ipv4PrefixLength: four }),
      ...(six == null ? {} : { ipv6PrefixLength: six }),
    };
  }
  return volumeFrom(volume as NonNullable<typeof volume>, currency, `${field}.volume`);
}

function volumeFrom(
  {
    octets,
    counted,
    atCap,
    throttled,
    overage,
    topUp,
    rollover,
    freeWindows,
  }: typeof VolumeBoundInput.$inferInput,
  currency: string,
  field: string,
): VolumeBound {
  const offer = (
    name: string,
    input: typeof VolumeOfferInput.$inferInput | null | undefined,
  ): VolumeOffer | undefined => {
    if (input == null) return undefined;
    if (input.price.currency !== currency)
      throw new ValidationError(`${field}.${name}.price.currency`, `The plan is in ${currency}`);
    return { octets: input.octets, priceMinor: input.price.amount, currency };
  };
  const [over, more] = [offer('overage', overage), offer('topUp', topUp)];
  return {
    mechanism: 'VOLUME',
    octets,
    counted: counted ?? 'BOTH',
    atCap,
    ...(throttled == null ? {} : { throttled: shapingFrom(throttled) }),
    ...(over === undefined ? {} : { overage: over }),
    ...(more === undefined ? {} : { topUp: more }),
    rollover: rollover ?? false,
    freeWindows: freeWindows ?? [],
  };
}
