import { builder } from '../builder.ts';
import type { Band } from '../metering/rules.ts';
import type { PlanBound } from '../usage/rules-bound.ts';
import { planKinds, type RateLimit, type Shaping } from './rules.ts';
import type { Plan, PlanVersion } from './store.ts';

export const PlanRef = builder.objectRef<Plan>('Plan');
export const PlanVersionRef = builder.objectRef<PlanVersion>('PlanVersion');
export const ShapingRef = builder.objectRef<Shaping>('Shaping');
export const RateLimitRef = builder.objectRef<RateLimit>('RateLimit');
export const BurstRef = builder.objectRef<NonNullable<RateLimit['burst']>>('Burst');
export const RateBandRef = builder.objectRef<Band>('RateBand');
export const PlanKindEnum = builder.enumType('PlanKind', { values: planKinds });
export const IntervalUnitEnum = builder.enumType('IntervalUnit', {
  values: {
    DAY: { value: 'day' },
    WEEK: { value: 'week' },
    MONTH: { value: 'month' },
    YEAR: { value: 'year' },
  },
} as const);
export const PlanBoundRef = builder.interfaceRef<PlanBound>('PlanBound');
export const ChargeTimingEnum = builder.enumType('ChargeTiming', {
  values: { IN_ADVANCE: { value: 'inAdvance' }, IN_ARREARS: { value: 'inArrears' } },
} as const);
export const MoneyInput = builder.inputType('MoneyInput', {
  fields: (t) => ({
    amount: t.field({ type: 'BigInt', required: true, description: 'Minor units: 1999 is 19.99 USD.' }),
    currency: t.string({ required: true, description: 'ISO 4217.' }),
  }),
});
