import { shapingOf } from '@dotmac/schema';
import { CustomerRef } from '../account/type.ts';
import { builder } from '../builder.ts';
import { formatDay } from '../calendar/rules.ts';
import { ShapingRef } from '../catalogue/type.ts';
import type { ForecastFinding } from './campaign.ts';
import type { DunningEffect } from './rules-forecast.ts';

export const DunningActionEnum = builder.enumType('DunningAction', {
  values: {
    REMINDER: { value: 'reminder' },
    SECOND_REMINDER: { value: 'secondReminder' },
    SUSPENSION_NOTICE: { value: 'suspensionNotice' },
    SLOW: { value: 'slow', description: 'The services stay open, no faster than the speeds of the step.' },
    WALLED_GARDEN: {
      value: 'walledGarden',
      description: 'The services are closed but for the walled garden: portal, payment, DNS.',
    },
    TERMINATE: {
      value: 'terminate',
      description:
        'His own services end that day: contracts and instalments as agreed for that, all on the next invoice.',
    },
  },
} as const);

export const DunningEffectRef = builder.objectRef<DunningEffect>('DunningEffect').implement({
  fields: (t) => ({
    action: t.field({ type: DunningActionEnum, nullable: true, resolve: ({ action }) => action }),
    customers: t.exposeInt('customers'),
    overdue: t.field({
      type: ['Money'],
      description: 'What is overdue when it first meets them, a sum per currency.',
      resolve: ({ overdue }) => [...overdue],
    }),
  }),
});

export const DunningForecastRef = builder.objectRef<ForecastFinding>('DunningForecastStep').implement({
  description: 'A step that a customer will meet on a day if he pays nothing.',
  fields: (t) => ({
    on: t.field({ type: 'LocalDate', resolve: ({ on }) => formatDay(on) }),
    customer: t.field({ type: CustomerRef, resolve: ({ customerId }) => ({ id: customerId }) }),
    step: t.string({ resolve: ({ step }) => step.id }),
    action: t.field({ type: DunningActionEnum, nullable: true, resolve: ({ step }) => step.action }),
    slowTo: t.field({
      type: ShapingRef,
      nullable: true,
      resolve: ({ step: { slowTo } }) => (slowTo === undefined ? null : shapingOf(slowTo)),
    }),
    overdue: t.field({
      type: 'Money',
      resolve: ({ overdue, currency }) => ({ minor: overdue, currency }),
    }),
  }),
});
