import type { GardenExtras } from '@dotmac/device';
import type { Access } from '../access/store.ts';
import { deciding, type Garden, holdsOf } from './rules.ts';

/** What the rule of the reason that holds a service gives in the garden; null where it is not in it, or the rule gives nothing. */
export function gardenGiven(
  { mode, locks, capBlocked, termsEnded }: Pick<Access, 'mode' | 'locks' | 'capBlocked' | 'termsEnded'>,
  garden: Garden,
): GardenExtras | null {
  if (mode !== 'WALLED_GARDEN') return null;
  const reason = deciding(holdsOf(locks, capBlocked, termsEnded), garden);
  const rule = reason === null || reason === 'BLOCKED' ? undefined : garden.get(reason);
  if (rule === undefined) return null;
  const { addressList, filterId, pool, redirectUrl } = rule;
  const extras = { addressList, filterId, pool, redirectUrl };
  return Object.values(extras).every((one) => one === null) ? null : extras;
}

/** Of what earlier changes may have given a session, newest first, the newest of each kind; null: nothing. */
export function gardenBefore(gardens: readonly (GardenExtras | null)[]): GardenExtras | null {
  const given = gardens.filter((garden) => garden !== null);
  if (given.length === 0) return null;
  const newest = <Key extends keyof GardenExtras>(key: Key) =>
    given.find((garden) => garden[key] !== null)?.[key] ?? null;
  return {
    addressList: newest('addressList'),
    filterId: newest('filterId'),
    pool: newest('pool'),
    redirectUrl: newest('redirectUrl'),
  };
}
