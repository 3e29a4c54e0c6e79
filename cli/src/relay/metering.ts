import { type Logger, pause } from '@dotmac/platform';
import { expectResult, type GraphClient } from '../graph-client.ts';

/** What asks one graph; each of them as somebody who may read, or write down, the counts. */
type Ask = Pick<GraphClient, 'ask'>;

export interface MeteringOptions {
  /** The control plane. */
  readonly plane: () => Promise<Ask>;
  /** Tenant zero. */
  readonly books: () => Promise<Ask>;
  /** An ISP's own graph. */
  readonly isp: (tenantId: string) => Promise<Ask>;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

const pauseMilliseconds = 10 * 60_000;
/** As many days as the graph tells at once. */
const windowDays = 62;
/** How far back a day that is missing is still asked for: a month's bill waits for all of its days. */
const longestGapDays = 2 * windowDays;

/** Carries the daily counts of all ISPs into the books of tenant zero, again and again until the signal aborts. */
export async function relayMetering(options: MeteringOptions): Promise<void> {
  const { signal } = options;
  const logger = options.logger.child({ relay: 'metering' });
  while (!signal.aborted) {
    try {
      const books = await options.books();
      for (const tenantId of await activeTenants(await options.plane())) {
        try {
          await meterTenant(await options.isp(tenantId), books, tenantId);
        } catch (error) {
          logger.warn(
            { error, tenant: tenantId },
            'the counts of an ISP were not carried over; they are asked for again',
          );
        }
      }
    } catch (error) {
      logger.warn({ error }, 'the relay of counts lost the control plane or tenant zero; it tries again');
    }
    await pause(pauseMilliseconds, signal);
  }
}

async function activeTenants(plane: Ask): Promise<string[]> {
  const ids: string[] = [];
  for (let after: string | null = null; ; ) {
    type Page = {
      tenants: {
        edges: { node: { id: string; state: string } }[];
        pageInfo: { hasNextPage: boolean; endCursor: string };
      };
    };
    const { tenants }: Page = await plane.ask<Page>(
      'query ($after: String) { tenants(first: 200, after: $after) { edges { node { id state } } pageInfo { hasNextPage endCursor } } }',
      { after },
    );
    ids.push(...tenants.edges.filter(({ node }) => node.state === 'ACTIVE').map(({ node }) => node.id));
    if (!tenants.pageInfo.hasNextPage) return ids;
    after = tenants.pageInfo.endCursor;
  }
}

interface CountedDay {
  readonly localDate: string;
  readonly activeSubscribers: number;
  readonly digest: string;
}

/**
 * Writes down the days that an ISP has counted and tenant zero does not know yet. A day carried over again is the same
 * day; one that says something else than before is refused there.
 * @param today UTC date, ISO: days after it are asked for only while the ISP tells of them, as a demo ahead of its time does.
 * @returns how many days were new.
 */
export async function meterTenant(
  isp: Ask,
  books: Ask,
  tenantId: string,
  today = Temporal.Now.plainDateISO('UTC').toString(),
): Promise<number> {
  const known = await knownDays(books, tenantId, today, today);
  // Tenant zero itself, or an ISP whose account is not open yet.
  if (known === null) return 0;
  const earliest = later(known.liveFrom, plus(today, -longestGapDays));
  let recorded = 0;
  for (let from = earliest; ; from = plus(from, windowDays)) {
    const to = plus(from, windowDays);
    const { meteredDays } = await isp.ask<{ meteredDays: CountedDay[] }>(
      'query ($from: LocalDate!, $to: LocalDate!) { meteredDays(from: $from, to: $to) { localDate activeSubscribers digest } }',
      { from, to },
    );
    if (meteredDays.length === 0 && to > today) return recorded;
    const there = new Set((await knownDays(books, tenantId, from, to))?.days.map((day) => day.localDate));
    for (const { localDate, activeSubscribers, digest } of meteredDays) {
      if (there.has(localDate)) continue;
      const { recordTenantDay } = await books.ask<{ recordTenantDay: { __typename: string } }>(
        'mutation ($input: RecordTenantDayInput!) { recordTenantDay(input: $input) { __typename ... on Failure { code message } } }',
        { input: { tenantId, localDate, activeSubscribers, digest, eventId: `${tenantId}:${localDate}` } },
      );
      expectResult(recordTenantDay, 'TenantDay');
      recorded += 1;
    }
  }
}

async function knownDays(books: Ask, tenantId: string, from: string, to: string) {
  const { platformAccount } = await books.ask<{
    platformAccount: { liveFrom: string; days: { localDate: string }[] } | null;
  }>(
    'query ($id: ID!, $from: LocalDate!, $to: LocalDate!) { platformAccount(tenantId: $id) { liveFrom days(from: $from, to: $to) { localDate } } }',
    { id: tenantId, from, to },
  );
  return platformAccount;
}

const plus = (day: string, days: number): string => Temporal.PlainDate.from(day).add({ days }).toString();
const later = (a: string, b: string): string => (a > b ? a : b);
