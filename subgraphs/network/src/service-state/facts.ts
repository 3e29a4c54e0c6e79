import type { DeviceState, LockReason, SlowedPayload } from '@dotmac/schema';

export const rungNames = ['LOCK', 'AAA', 'SESSION', 'CPE', 'ACCESS_NODE', 'BACKHAUL', 'INCIDENT'] as const;
type RungName = (typeof rungNames)[number];
export const freshnesses = ['FRESH', 'STALE', 'UNKNOWN'] as const;
export type Freshness = (typeof freshnesses)[number];

/** One fact about a service on its way from the bill to the backhaul. */
export interface Rung {
  readonly name: RungName;
  /** In words or a stable code. */
  readonly value: string;
  /** Whether it lets the service work; null when that is not known. Stale is not known. */
  readonly passes: boolean | null;
  readonly source: string;
  /** Milliseconds since the epoch; null when it was never observed. */
  readonly observedAt: number | null;
  readonly freshness: Freshness;
}

export interface DeviceWord {
  readonly id: string;
  readonly name: string;
  readonly state: DeviceState;
  readonly source: string;
  readonly polledAt: number | null;
}

/** Times in milliseconds since the epoch, all in the same time. */
export interface ServiceFacts {
  readonly now: number;
  readonly locks: readonly LockReason[];
  readonly slowed: SlowedPayload | null;
  readonly closed: boolean;
  /** The newest session, live or not. */
  readonly session: {
    readonly startedAt: number;
    readonly updatedAt: number;
    readonly stoppedAt: number | null;
    readonly terminateCause: string | null;
    readonly nas: string;
    readonly interimSeconds: number;
  } | null;
  readonly rejection: { readonly reason: string; readonly at: number } | null;
  /** What is known of his equipment; null: nothing. */
  readonly equipment: EquipmentFacts | null;
  readonly device: DeviceWord | null;
  /** Above the device, nearest first. */
  readonly above: readonly DeviceWord[];
  /** The devices that are cut off when some are down. */
  readonly cutOffBy: (down: ReadonlySet<string>) => ReadonlySet<string>;
  /** An open one that concerns the service or its access node. */
  readonly incident: {
    readonly id: string;
    readonly kind: string;
    readonly summary: string;
    readonly at: number;
  } | null;
  /** A poll older than this is stale. */
  readonly pollFreshMilliseconds: number;
  /** A reading of registered radios older than this is stale, and one of optical equipment. */
  readonly linkFreshMilliseconds: { readonly WIRELESS: number; readonly OPTICAL: number };
}

/** A customer's equipment: as the access point or line card sees it, and as a device of its own. */
export interface EquipmentFacts {
  readonly link: {
    readonly medium: 'WIRELESS' | 'OPTICAL';
    /** Whom it is registered at, and whether that one answers. */
    readonly at: DeviceWord;
    /** Such as `signal -63 dBm`; empty where nothing is measured. */
    readonly levels: string;
    readonly seenAt: number;
    /** Since when the device answers without it. */
    readonly goneSince: number | null;
    readonly source: string;
  } | null;
  /** What is wrong with its levels, in words. */
  readonly alarm: string | null;
  /** It has a management address. */
  readonly device: DeviceWord | null;
}

/** Whether what a poll said still counts. */
export function freshnessOf(
  { now, pollFreshMilliseconds }: ServiceFacts,
  polledAt: number | null,
): Freshness {
  if (polledAt === null) return 'UNKNOWN';
  return now - polledAt <= pollFreshMilliseconds ? 'FRESH' : 'STALE';
}

/** Whether a device in this state lets the service work; null when that is not known. */
export function works(state: DeviceState): boolean | null {
  if (state === 'ONLINE' || state === 'DEGRADED') return true;
  return state === 'OFFLINE' ? false : null;
}
