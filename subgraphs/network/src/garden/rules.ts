import type { LockReason } from '@dotmac/schema';
import { type TermReason, termReasons } from '../login-term/rules.ts';

/** Refusals that a tenant may have turned into an accept into the walled garden. Stable: stored, sent and shown. */
export const gardenReasons = [
  'UNPAID',
  'SUSPENDED',
  'DATA_CAP_USED',
  ...termReasons,
  'MAC_NOT_ALLOWED',
] as const;
export type GardenReason = (typeof gardenReasons)[number];

/** What an accept into the walled garden carries beside the vendor's own; null: nothing. */
export interface GardenRule {
  readonly reason: GardenReason;
  readonly admitted: boolean;
  readonly addressList: string | null;
  readonly filterId: string | null;
  readonly pool: string | null;
  readonly redirectUrl: string | null;
}

/** A refused PPPoE client logs in again and again, and its subscriber sees no way to pay: only a strange line stays out. */
const admittedByDefault: ReadonlySet<GardenReason> = new Set(
  gardenReasons.filter((reason) => reason !== 'MAC_NOT_ALLOWED'),
);

/** The rules of a tenant by reason. */
export type Garden = ReadonlyMap<GardenReason, GardenRule>;

/** Every reason with what holds: the tenant's word, else DotMac's. */
export function gardenOf(rules: readonly GardenRule[]): Garden {
  const plain = { addressList: null, filterId: null, pool: null, redirectUrl: null };
  return new Map(
    gardenReasons.map((reason) => [
      reason,
      rules.find((rule) => rule.reason === reason) ?? {
        reason,
        admitted: admittedByDefault.has(reason),
        ...plain,
      },
    ]),
  );
}

export const defaultGarden = gardenOf([]);

/** Reasons for which not even the walled garden is open. */
const blocking: ReadonlySet<LockReason> = new Set(['LEGAL', 'ABUSE']);

/** Why a service may not simply be online; empty when it may. */
export function holdsOf(
  locks: readonly string[],
  capBlocked: boolean,
  ended: TermReason | null = null,
): (GardenReason | 'BLOCKED')[] {
  if (locks.some((lock) => blocking.has(lock as LockReason))) return ['BLOCKED'];
  const holds: GardenReason[] = [];
  if (locks.includes('BILLING')) holds.push('UNPAID');
  if (locks.some((lock) => lock !== 'BILLING')) holds.push('SUSPENDED');
  if (capBlocked) holds.push('DATA_CAP_USED');
  if (ended !== null) holds.push(ended);
  return holds;
}

export function isAdmitted(reason: string, garden: Garden): reason is GardenReason {
  return garden.get(reason as GardenReason)?.admitted === true;
}

/** The reason that decides: the first that is not admitted to the garden, else the first; null for none. */
export function deciding<Reason extends string>(reasons: readonly Reason[], garden: Garden): Reason | null {
  return reasons.find((reason) => !isAdmitted(reason, garden)) ?? reasons[0] ?? null;
}
