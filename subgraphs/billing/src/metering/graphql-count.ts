import { ValidationError } from '@dotmac/schema';
import { type ResolveCursorConnectionArgs, resolveCursorConnection } from '@pothos/plugin-relay';
import { CustomerRef } from '../account/type.ts';
import { builder } from '../builder.ts';
import { formatDay } from '../calendar/rules.ts';
import { startOfDay } from '../calendar/rules-zone.ts';
import { dayOfText } from '../run/run.ts';
import { ServiceRef } from '../service-line/type.ts';
import { meteringDigest } from './rules-digest.ts';
import {
  activeCustomers,
  countedCustomers,
  countedOn,
  type MeteredDay,
  meteredDays,
  reasonsToCount,
} from './store-count.ts';

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
    subscribers: t.connection(
      {
        type: CustomerRef,
        description: 'Everybody who was counted, by id.',
        resolve: async ({ localDate }, args, { services }) => {
          const page = await resolveCursorConnection(
            { args, defaultSize: 100, maxSize: 1000, toCursor: (customer: { id: string }) => customer.id },
            ({ before, after, limit, inverted }: ResolveCursorConnectionArgs) =>
              countedCustomers(services.database, localDate, { limit, inverted, after, before }),
          );
          // Read for the page, once, when somebody asks for any of them.
          let read: ReturnType<typeof reasonsToCount> | undefined;
          const ids = page.edges.map(({ node }) => node.id);
          const reasons = () => {
            const close = new Date(startOfDay(dayOfText(localDate) + 1, services.tenant?.timeZone ?? 'UTC'));
            read ??= reasonsToCount(services.database, localDate, close, ids);
            return read;
          };
          return { ...page, edges: page.edges.map((edge) => ({ ...edge, reasons })) };
        },
      },
      {},
      {
        fields: (edge) => ({
          services: edge.field({
            type: [ServiceRef],
            description:
              'Why he counts: what was active at the close of the day, as is known now. Empty where it was told only later that he had none.',
            resolve: async ({ node, reasons }) =>
              ((await reasons()).get(node.id) ?? []).map((id) => ({ id })),
          }),
        }),
      },
    ),
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

interface Recount {
  readonly localDate: string;
  readonly customerIds: readonly string[];
  readonly counted: readonly string[];
}
const missing = (from: readonly string[], of: readonly string[]) => {
  const there = new Set(from);
  return of.filter((id) => !there.has(id));
};
const RecountRef = builder.objectRef<Recount>('RecountedDay').implement({
  description:
    'A counted day, counted again by what the last daily count knew. It changes nothing: the operator restates.',
  fields: (t) => ({
    localDate: t.expose('localDate', { type: 'LocalDate' }),
    activeSubscribers: t.int({ resolve: ({ customerIds }) => customerIds.length }),
    digest: t.string({
      description: 'As that of a `MeteredDay`, over who counts now.',
      resolve: ({ localDate, customerIds }) => meteringDigest(localDate, customerIds),
    }),
    added: t.idList({
      description: 'Who was missing.',
      resolve: ({ customerIds, counted }) => missing(counted, customerIds),
    }),
    removed: t.idList({
      description: 'Who should not have been counted.',
      resolve: ({ customerIds, counted }) => missing(customerIds, counted),
    }),
  }),
});

builder.queryField('recountedDay', (t) =>
  t.field({
    type: RecountRef,
    nullable: true,
    description: 'What `restateTenantDay` of the operator asks for; null for a day that was not counted.',
    authScopes: { scope: 'billing:read' },
    args: { localDate: t.arg({ type: 'LocalDate', required: true }) },
    resolve: async (_root, { localDate }, { services }) => {
      const { database, tenant } = services;
      const next = formatDay(dayOfText(localDate) + 1);
      if ((await meteredDays(database, localDate, next)).length === 0) return null;
      const close = new Date(startOfDay(dayOfText(next), tenant?.timeZone ?? 'UTC'));
      return {
        localDate,
        customerIds: await activeCustomers(database, localDate, close),
        counted: await countedOn(database, localDate),
      };
    },
  }),
);
