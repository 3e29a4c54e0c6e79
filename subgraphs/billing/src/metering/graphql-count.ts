import { ValidationError } from '@dotmac/schema';
import { type ResolveCursorConnectionArgs, resolveCursorConnection } from '@pothos/plugin-relay';
import { CustomerRef } from '../account/type.ts';
import { builder } from '../builder.ts';
import { dayOfText } from '../run/run.ts';
import { countedCustomers, type MeteredDay, meteredDays } from './store-count.ts';

/** As many as a long month and what is around it: each may be opened to all its subscribers. */
const mostDays = 62;

const MeteredDayRef = builder.objectRef<MeteredDay>('MeteredDay').implement({
  description:
    'What the platform bills for: the subscribers with an active service at the close of a local day.',
  fields: (t) => ({
    localDate: t.expose('localDate', { type: 'LocalDate' }),
    activeSubscribers: t.exposeInt('activeSubscribers'),
    digest: t.exposeString('digest', {
      description:
        'SHA-256 (hex) over the day and the ids of all its subscribers in order, each ended by a line feed.',
    }),
    countedAt: t.expose('countedAt', { type: 'DateTime' }),
    subscribers: t.connection({
      type: CustomerRef,
      description: 'Everybody who was counted, by id.',
      resolve: ({ localDate }, args, { services }) =>
        resolveCursorConnection(
          { args, defaultSize: 100, maxSize: 1000, toCursor: (customer: { id: string }) => customer.id },
          ({ before, after, limit, inverted }: ResolveCursorConnectionArgs) =>
            countedCustomers(services.database, localDate, { limit, inverted, after, before }),
        ),
    }),
  }),
});

builder.queryField('meteredDays', (t) =>
  t.field({
    type: [MeteredDayRef],
    description: `The days [from, to), ${mostDays} at most, as they were counted.`,
    authScopes: { scope: 'billing:read' },
    args: {
      from: t.arg({ type: 'LocalDate', required: true }),
      to: t.arg({ type: 'LocalDate', required: true }),
    },
    resolve: (_root, { from, to }, { services }) => {
      if (dayOfText(to) - dayOfText(from) > mostDays)
        throw new ValidationError('to', `From ${from} to ${to} is more than ${mostDays} days`);
      return meteredDays(services.database, from, to);
    },
  }),
);
