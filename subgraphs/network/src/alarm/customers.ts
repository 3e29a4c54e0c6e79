import type { TenantDatabase } from '@dotmac/migrations';
import type { Clock, NewEvent } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import type { SeenLink } from '../customer-link/store.ts';
import { type UsualLevels, usualLevels } from '../customer-link/usual.ts';
import { type AlarmValue, applyRules } from './apply.ts';
import type { AlarmMetric } from './rules.ts';

/**
 * Holds a complete reading of registered customers against the rules. Of one who is no longer registered nothing is
 * known: his alarm ends, and whether he is online is another rung's question.
 */
export async function judgeCustomers(
  transaction: Transaction<TenantDatabase>,
  clock: Clock,
  deviceId: string,
  links: readonly SeenLink[],
  source: string,
): Promise<NewEvent<TenantEvents>[]> {
  const owned = links.filter((link) => link.serviceId !== null);
  const present = new Set(owned.map((link) => link.serviceId));
  const usual = await usualLevels(
    transaction,
    owned.flatMap(({ serviceId }) => serviceId ?? []),
    new Date(clock.now()),
  );
  const { events } = await applyRules(transaction, {
    clock,
    deviceId,
    source,
    values: owned.flatMap((link) => customerValues(link, usual.get(link.serviceId ?? '') ?? null)),
    endOf: ({ serviceId, ruleId }, rules) => {
      if (serviceId === null) return null;
      if (!rules.some((rule) => rule.id === ruleId)) return 'nobody watches it any more';
      return present.has(serviceId) ? null : 'it is not registered here any more';
    },
  });
  return events;
}

type Levels = Pick<SeenLink, 'serviceId' | 'signalDbm' | 'snrDb' | 'rxPowerDbm' | 'lineRxPowerDbm'>;

/** What rules see of a customer's equipment, held against what is usual there. */
export function customerValues(link: Levels, usual: UsualLevels | null): AlarmValue[] {
  const { serviceId, signalDbm, snrDb, rxPowerDbm, lineRxPowerDbm } = link;
  if (serviceId === null) return [];
  const values: AlarmValue[] = [];
  const level = (metric: AlarmMetric, value: number | null, what: string, unit: string) => {
    if (value !== null)
      values.push({ metric, about: { serviceId }, value, words: `${what} ${value.toFixed(1)} ${unit}` });
  };
  level('CUSTOMER_SIGNAL_DBM', signalDbm, 'signal', 'dBm');
  level('CUSTOMER_SNR_DB', snrDb, 'signal to noise', 'dB');
  level('CUSTOMER_RX_POWER_DBM', rxPowerDbm, 'receives', 'dBm');
  level('LINE_RX_POWER_DBM', lineRxPowerDbm, 'line card receives', 'dBm');
  const fall = (metric: AlarmMetric, value: number | null, usually: number | null, what: string) => {
    if (value === null || usually === null) return;
    const words = `${what} ${value.toFixed(1)} dBm, usually ${usually.toFixed(1)} dBm`;
    values.push({ metric, about: { serviceId }, value: usually - value, words });
  };
  fall('CUSTOMER_SIGNAL_FALL_DB', signalDbm, usual?.signalDbm ?? null, 'signal');
  fall('CUSTOMER_RX_POWER_FALL_DB', rxPowerDbm, usual?.rxPowerDbm ?? null, 'receives');
  fall('LINE_RX_POWER_FALL_DB', lineRxPowerDbm, usual?.lineRxPowerDbm ?? null, 'line card receives');
  return values;
}
