import { localDateAt } from '@dotmac/platform';
import { ValidationError } from '@dotmac/schema';
import { builder } from '../builder.ts';
import { AccessRef } from '../types.ts';
import type { UsageDay, UsageHour } from './store.ts';

const mostDays = 400;

const UsageHourRef = builder.objectRef<UsageHour>('AccessUsageHour').implement({
  fields: (t) => ({
    hour: t.exposeInt('hour', { description: '0 to 23, local.' }),
    downstreamOctets: t.field({ type: 'BigInt', resolve: (one) => BigInt(one.downstreamOctets) }),
    upstreamOctets: t.field({ type: 'BigInt', resolve: (one) => BigInt(one.upstreamOctets) }),
  }),
});

const UsageDayRef = builder.objectRef<UsageDay>('AccessUsageDay').implement({
  description: "What a service used on a local day of the tenant; directions are the subscriber's.",
  fields: (t) => ({
    day: t.expose('day', { type: 'LocalDate' }),
    downstreamOctets: t.field({ type: 'BigInt', resolve: (one) => BigInt(one.downstreamOctets) }),
    upstreamOctets: t.field({ type: 'BigInt', resolve: (one) => BigInt(one.upstreamOctets) }),
    complete: t.exposeBoolean('complete', {
      description: 'The day is over and every session of it has told its last.',
    }),
    hours: t.field({
      type: [UsageHourRef],
      description: 'Hours with use; kept for two months.',
      resolve: async ({ serviceId, day }, _args, { loaders }) => [
        ...(await loaders.usageHours.load(`${serviceId} ${day}`)),
      ],
    }),
  }),
});

builder.objectField(AccessRef, 'usage', (t) =>
  t.field({
    type: [UsageDayRef],
    description: 'Days with use, the oldest first; without bounds the last 31.',
    args: { from: t.arg({ type: 'LocalDate' }), to: t.arg({ type: 'LocalDate' }) },
    resolve: async ({ serviceId }, args, { services, loaders }) => {
      const to = args.to ?? localDateAt(services.clock.now(), services.tenant?.timeZone ?? 'UTC');
      const from = args.from ?? Temporal.PlainDate.from(to).subtract({ days: 30 }).toString();
      const { days } = Temporal.PlainDate.from(from).until(to, { largestUnit: 'days' });
      if (days >= mostDays)
        throw new ValidationError('from', `At most ${mostDays} days at once; these are ${days + 1}`);
      return [...(await loaders.usageDays.load(`${serviceId} ${from} ${to}`))];
    },
  }),
);
