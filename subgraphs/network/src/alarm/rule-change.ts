import type { TenantDatabase } from '@dotmac/migrations';
import { requireFingerprint, StalePlanError } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import { fingerprintOf } from '../change/apply.ts';
import { standings } from '../device-group/store.ts';
import { effectsOf, type RuleWorld } from './effects.ts';
import type { PlannedEffects } from './effects-type.ts';
import { nearness, type Standing } from './scope.ts';
import { type AlarmRule, alarmRules, lockAlarmRules } from './store.ts';

/** A change of rules or of where they hold, as it is planned and applied. */
export interface RuleChange {
  readonly rules: readonly AlarmRule[];
  readonly standings: ReadonlyMap<string, Standing>;
  /** Whose alarms may be others afterwards; also those whose places change. */
  readonly touched: readonly AlarmRule[];
  /** Names what is changed, for the fingerprint. */
  readonly subject: string;
}

/** The rules now and where every device belongs; until the transaction ends nobody else changes either. */
export async function lockedWorld(transaction: Transaction<TenantDatabase>): Promise<RuleWorld> {
  await lockAlarmRules(transaction);
  return { rules: await alarmRules(transaction), standings: await standings(transaction, null) };
}

/** What a change does to alarms, under a fingerprint over what it rests on. Writes nothing. */
export async function planRuleChange(
  transaction: Transaction<TenantDatabase>,
  before: RuleWorld,
  { subject, touched, ...after }: RuleChange,
  now: Date,
): Promise<PlannedEffects> {
  const metrics = new Set(touched.map(({ metric }) => metric));
  const placesOf = (standings: RuleWorld['standings']) =>
    touched.map((rule) =>
      [...standings.values()]
        .filter((one) => nearness(rule, one) !== null)
        .map(({ deviceId }) => deviceId)
        .sort(),
    );
  return {
    effects: await effectsOf(transaction, metrics, { before, after }, now),
    fingerprint: fingerprintOf(
      subject,
      JSON.stringify([before.standings, after.standings].map(placesOf)),
      before.rules.map((rule) => JSON.stringify(rule)),
    ),
  };
}

/** Whether to go on to apply. @throws ValidationError, StalePlanError */
export function applies(
  {
    mode,
    fingerprint,
  }: { readonly mode: 'PLAN' | 'APPLY'; readonly fingerprint?: string | null | undefined },
  planned: PlannedEffects,
): boolean {
  if (mode === 'PLAN') return false;
  if (requireFingerprint(fingerprint) !== planned.fingerprint) throw new StalePlanError();
  return true;
}
