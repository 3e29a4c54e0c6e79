import type { Capability, CapabilityId, Verification } from '@dotmac/device';
import type { AccessChangeState } from '@dotmac/schema';
import type { AccessMode } from '../access/rules.ts';

export const changeStates = [
  'REQUESTED',
  'APPLIED',
  'VERIFIED',
  'UNVERIFIED',
  'DIVERGED',
  'FAILED',
  'SUPERSEDED',
] as const satisfies readonly AccessChangeState[];

/** Still on its way. */
export const pendingStates = ['REQUESTED', 'APPLIED'] as const;

/** A way to reach the access device, with what it can do. */
export interface Means {
  readonly protocol: string;
  readonly capabilities: readonly Capability[];
}

function can(
  { capabilities }: Means,
  id: CapabilityId,
  mode: Capability['modes'][number],
): Capability | null {
  return capabilities.find((one) => one.id === id && one.modes.includes(mode)) ?? null;
}

/** Lower is tried first; null cannot bring the change at all. Chosen by capability, never by vendor. */
function rank(means: Means, mode: AccessMode): number | null {
  if (mode === 'BLOCKED') {
    const disconnect = can(means, 'sessions.disconnect', 'apply');
    if (disconnect === null) return null;
    // A means that only ends the session touches less than one that also holds configuration.
    return can(means, 'accessList', 'apply') === null ? 0 : 1;
  }
  const live = can(means, 'shaping.coa', 'apply');
  const garden = can(means, 'walledGarden', 'apply');
  if (live?.level === 'full' && garden?.level === 'full') return 0;
  if (can(means, 'accessList', 'apply') !== null && can(means, 'shaping.queue', 'apply') !== null) return 1;
  if (live !== null && garden !== null) return 2;
  return null;
}

/**
 * The means to try, best first: changing the live session, then configuring the device, then ending the session so that
 * the next login brings it. The next one is tried only while reading back shows something else than wanted.
 */
export function ladder<M extends Means>(all: readonly M[], mode: AccessMode): M[] {
  return all
    .flatMap((means) => {
      const place = rank(means, mode);
      return place === null ? [] : [{ means, place }];
    })
    .sort((a, b) => a.place - b.place)
    .map(({ means }) => means);
}

/** Who is asked for the truth: first those that can look into the device, then the others. */
export function witnesses<M extends Means>(all: readonly M[]): M[] {
  const sees = (means: M) =>
    can(means, 'sessions.read', 'read') !== null || can(means, 'accessList', 'read') !== null;
  return [...all.filter(sees), ...all.filter((means) => !sees(means))];
}

/** The first witness that saw something decides; if none did, the last one says why. */
export function verdict(testimonies: readonly Verification[]): Verification | null {
  return testimonies.find((one) => one.state !== 'UNVERIFIED') ?? testimonies.at(-1) ?? null;
}

/** Runs of a change before its failures are final. */
export const mostAttempts = 4;
