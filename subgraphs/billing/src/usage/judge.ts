import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents, type Executor } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import { accountsById } from '../account/store.ts';
import { type Day, formatDay } from '../calendar/rules.ts';
import { shapingPayload } from '../catalogue/rules.ts';
import { type Act, occurred } from '../run/issue.ts';
import { dayOfText } from '../run/run.ts';
import { historiesOfLines } from '../service-line/histories.ts';
import { type AccountTerms, lineAccruals, type Version } from '../service-line/rules.ts';
import { standingOf, type UsageDay, type UsageStanding, usageWindows } from './rules.ts';
import type { VolumeBound } from './rules-bound.ts';
import { type Allowance, allowancesOf, keepAllowance, topUpsOfLines, usageOfLines } from './store.ts';

/** How a service with a data cap stands on a day, and by which version of its plan. */
export interface JudgedUsage {
  readonly bound: VolumeBound;
  readonly version: Version;
  readonly standing: UsageStanding;
  readonly days: readonly UsageDay[];
}

/** A service that is charged, and its customer. */
export interface ChargedService {
  readonly lineId: string;
  readonly customerId: string;
}
type Judged = JudgedUsage & ChargedService;

/** The one reader of usage, for enforcement, portal and notices; services without a cap on that day are left out. */
export async function judgedUsages(
  db: Executor<TenantDatabase>,
  services: readonly ChargedService[],
  on: Day,
): Promise<Judged[]> {
  if (services.length === 0) return [];
  const accounts = await accountsById(db, [...new Set(services.map(({ customerId }) => customerId))]);
  const histories = await historiesOfLines(
    db,
    services.map(({ lineId }) => lineId),
  );
  const capped = services.flatMap((service) => {
    const account = accounts.find(({ customerId }) => customerId === service.customerId);
    const events = histories.find(({ id }) => id === service.lineId)?.events ?? [];
    if (account === undefined) return [];
    const terms: AccountTerms = { anchorDay: account.anchorDay ?? 1, currency: account.currency };
    const accrued = lineAccruals(events, terms);
    if (!accrued.ok) return [];
    const windows = usageWindows(accrued.accruals, on + 1);
    const at = windows.findIndex(({ stretches }) => stretches.some((one) => one.from <= on && on < one.to));
    // The days of the period before count too, because what was left of it may have come over.
    const [window, before] = [windows[at], windows[at - 1]];
    const version = events.find((event) => event.version?.id === window?.versionId)?.version;
    if (window === undefined || version?.bound?.mechanism !== 'VOLUME') return [];
    return [{ service, window, before, version, bound: version.bound }];
  });
  const from = capped.map(({ service, window, before }) => ({
    id: service.lineId,
    from: before?.periodFrom ?? window.periodFrom,
  }));
  const days = await usageOfLines(db, from);
  const topUps = await topUpsOfLines(
    db,
    from.map(({ id }) => id),
  );
  return capped.map(({ service, window, before, version, bound }) => {
    const own = days.get(service.lineId) ?? [];
    return {
      ...service,
      bound,
      version,
      standing: standingOf(window, before, bound, own, topUps.get(service.lineId) ?? []),
      days: own.filter(({ day }) => day >= window.periodFrom),
    };
  });
}

/** How one service stands, or null without a cap. */
export async function judgedUsage(
  db: Executor<TenantDatabase>,
  service: ChargedService,
  on: Day,
): Promise<JudgedUsage | null> {
  return (await judgedUsages(db, [service], on))[0] ?? null;
}

/** What a cap that is reached asks of the network. */
function wantedState({ bound, standing }: JudgedUsage): Allowance['state'] {
  if (!standing.reached) return 'WITHIN';
  return bound.atCap === 'THROTTLE' ? 'THROTTLED' : bound.atCap === 'BLOCK' ? 'BLOCKED' : 'WITHIN';
}

/** Judges a service and tells the network when something else is asked of it than before. */
export async function judgeUsage(
  transaction: Transaction<TenantDatabase>,
  service: ChargedService,
  act: Act,
): Promise<void> {
  const judged = await judgedUsage(transaction, service, dayOfText(act.today));
  const [known] = await allowancesOf(transaction, [service.lineId]);
  const state = judged === null ? 'WITHIN' : wantedState(judged);
  if ((known?.state ?? 'WITHIN') === state && known?.versionId === (judged?.version.id ?? known?.versionId))
    return;
  if (known === undefined && state === 'WITHIN') return;
  const because =
    judged === null
      ? 'the service has no data cap any more'
      : `${judged.standing.used} of ${judged.standing.own + judged.standing.carried + judged.standing.toppedUp} octets used since ${formatDay(judged.standing.window.periodFrom)}`;
  await keepAllowance(transaction, {
    serviceLineId: service.lineId,
    state,
    versionId: judged?.version.id ?? known?.versionId ?? '',
    periodFrom: formatDay(judged?.standing.window.periodFrom ?? dayOfText(act.today)),
    because,
  });
  if ((known?.state ?? 'WITHIN') === state && state !== 'THROTTLED') return;
  const throttled = state === 'THROTTLED' ? judged?.bound.throttled : undefined;
  await appendEvents<TenantEvents>(transaction, [
    {
      type: 'usage.allowance.changed',
      subject: service.lineId,
      payload: {
        serviceId: service.lineId,
        customerId: service.customerId,
        state,
        shaping: throttled === undefined ? null : shapingPayload(throttled),
        because,
      },
      ...occurred(act),
    },
  ]);
}
