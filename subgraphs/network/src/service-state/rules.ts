import type { DeviceState, LockReason, SlowedPayload } from '@dotmac/schema';
import { describeSlowed } from '../access/rules.ts';
import { silentIntervals } from '../session/rules.ts';

export const rungNames = ['LOCK', 'AAA', 'SESSION', 'CPE', 'ACCESS_NODE', 'BACKHAUL', 'INCIDENT'] as const;
type RungName = (typeof rungNames)[number];
export const freshnesses = ['FRESH', 'STALE', 'UNKNOWN'] as const;
type Freshness = (typeof freshnesses)[number];

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

/** After this long a refusal says nothing about now: whoever is refused tries again within seconds, and is told of once a minute. */
const refusalFreshMilliseconds = 10 * 60_000;

/** The facts in the order in which they are looked at; an opinion is left to the reader. */
export function ladderOf(facts: ServiceFacts): Rung[] {
  return [
    lock(facts),
    aaa(facts),
    session(facts),
    cpe(facts),
    accessNode(facts),
    backhaul(facts),
    incident(facts),
  ];
}

/** The first one that keeps the service from working. */
export function firstFailing(rungs: readonly Rung[]): Rung | null {
  return rungs.find((rung) => rung.passes === false) ?? null;
}

function lock({ locks, slowed, closed, now }: ServiceFacts): Rung {
  const open = slowed === null ? 'OPEN' : `OPEN, ${describeSlowed(slowed)}`;
  return {
    name: 'LOCK',
    value: closed ? 'CANCELLED' : locks.length === 0 ? open : locks.join(', '),
    passes: !closed && locks.length === 0,
    source: 'locks of the service',
    observedAt: now,
    freshness: 'FRESH',
  };
}

function aaa({ session: newest, rejection, now }: ServiceFacts): Rung {
  const name = 'AAA';
  if (rejection !== null && rejection.at >= (newest?.startedAt ?? 0)) {
    const fresh = now - rejection.at <= refusalFreshMilliseconds;
    return {
      name,
      value: `REJECTED: ${rejection.reason}`,
      passes: fresh ? false : null,
      source: 'RADIUS',
      observedAt: rejection.at,
      freshness: fresh ? 'FRESH' : 'STALE',
    };
  }
  if (newest === null)
    return {
      name,
      value: 'NO_LOGIN',
      passes: null,
      source: 'RADIUS',
      observedAt: null,
      freshness: 'UNKNOWN',
    };
  const live = newest.stoppedAt === null;
  return {
    name,
    value: 'ACCEPTED',
    passes: live ? true : null,
    source: `RADIUS by ${newest.nas}`,
    observedAt: newest.startedAt,
    freshness: live ? 'FRESH' : 'STALE',
  };
}

function session({ session: newest, now }: ServiceFacts): Rung {
  const name = 'SESSION';
  if (newest === null)
    return {
      name,
      value: 'NEVER_SEEN',
      passes: false,
      source: 'accounting',
      observedAt: null,
      freshness: 'UNKNOWN',
    };
  const source = `accounting of ${newest.nas}`;
  if (newest.stoppedAt !== null) {
    const value = `OFFLINE: ${newest.terminateCause ?? 'Unknown'}`;
    return { name, value, passes: false, source, observedAt: newest.stoppedAt, freshness: 'FRESH' };
  }
  const fresh = now - newest.updatedAt <= silentIntervals * newest.interimSeconds * 1_000;
  return {
    name,
    value: 'ONLINE',
    passes: fresh ? true : null,
    source,
    observedAt: newest.updatedAt,
    freshness: fresh ? 'FRESH' : 'STALE',
  };
}

/**
 * The customer's equipment: its own answer counts first, else whether the access point or line card has it registered. A level
 * that is wrong leaves it open whether the service works.
 */
function cpe(facts: ServiceFacts): Rung {
  const { equipment } = facts;
  const own = equipment?.device ?? null;
  if (own !== null && freshnessOf(facts, own.polledAt) === 'FRESH' && works(own.state) !== null)
    return {
      name: 'CPE',
      value: withAlarm(`${own.name}: ${own.state}`, equipment),
      passes: works(own.state) === false ? false : equipment?.alarm == null ? true : null,
      source: own.source,
      observedAt: own.polledAt,
      freshness: 'FRESH',
    };
  const link = equipment?.link ?? null;
  if (link === null)
    return {
      name: 'CPE',
      value: 'UNKNOWN',
      passes: null,
      source: 'it is registered nowhere, and nobody can ask it',
      observedAt: own?.polledAt ?? null,
      freshness: own?.polledAt == null ? 'UNKNOWN' : 'STALE',
    };
  return registration(facts, link, equipment);
}

function registration(
  facts: ServiceFacts,
  link: NonNullable<EquipmentFacts['link']>,
  equipment: EquipmentFacts | null,
): Rung {
  const name = 'CPE';
  const { at, levels, seenAt, goneSince, source, medium } = link;
  if (goneSince !== null) {
    // That it is missing is known for as long as the one who misses it answers.
    const freshness = at.state === 'OFFLINE' ? 'STALE' : freshnessOf(facts, at.polledAt);
    const passes = freshness === 'FRESH' ? false : null;
    return { name, value: `NOT_REGISTERED at ${at.name}`, passes, source, observedAt: goneSince, freshness };
  }
  const fresh = at.state !== 'OFFLINE' && facts.now - seenAt <= facts.linkFreshMilliseconds[medium];
  const value = withAlarm(`REGISTERED at ${at.name}${levels === '' ? '' : `: ${levels}`}`, equipment);
  return {
    name,
    value,
    passes: fresh && equipment?.alarm == null ? true : null,
    source,
    observedAt: seenAt,
    freshness: fresh ? 'FRESH' : 'STALE',
  };
}

function withAlarm(value: string, equipment: EquipmentFacts | null): string {
  return equipment?.alarm == null ? value : `${value}; alarm: ${equipment.alarm}`;
}

function freshnessOf({ now, pollFreshMilliseconds }: ServiceFacts, polledAt: number | null): Freshness {
  if (polledAt === null) return 'UNKNOWN';
  return now - polledAt <= pollFreshMilliseconds ? 'FRESH' : 'STALE';
}

function accessNode(facts: ServiceFacts): Rung {
  const name = 'ACCESS_NODE';
  const { device, incident: open } = facts;
  if (device === null)
    return {
      name,
      value: 'NOT_KNOWN_WHERE',
      passes: null,
      source: 'topology',
      observedAt: null,
      freshness: 'UNKNOWN',
    };
  const freshness = freshnessOf(facts, device.polledAt);
  const inDoubt = freshness !== 'FRESH' || open?.kind === 'MONITORING_FAULT';
  return {
    name,
    value: `${device.name}: ${device.state}`,
    passes: inDoubt ? null : works(device.state),
    source: device.source,
    observedAt: device.polledAt,
    freshness,
  };
}

function works(state: DeviceState): boolean | null {
  if (state === 'ONLINE' || state === 'DEGRADED') return true;
  return state === 'OFFLINE' ? false : null;
}

function backhaul(facts: ServiceFacts): Rung {
  const name = 'BACKHAUL';
  const { device, above, cutOffBy } = facts;
  if (device === null || above.length === 0)
    return {
      name,
      value: 'NO_LINK_KNOWN',
      passes: null,
      source: 'topology',
      observedAt: null,
      freshness: 'UNKNOWN',
    };
  const fresh = above.filter((one) => freshnessOf(facts, one.polledAt) === 'FRESH');
  const down = new Set(fresh.filter((one) => one.state === 'OFFLINE').map((one) => one.id));
  const cut = down.size > 0 && cutOffBy(down).has(device.id);
  const all = fresh.length === above.length;
  const times = above.flatMap((one) => one.polledAt ?? []);
  return {
    name,
    value: above.map((one) => `${one.name}: ${one.state}`).join(', '),
    passes: cut ? false : all ? true : null,
    source: [...new Set(above.map((one) => one.source))].join(', '),
    observedAt: times.length === 0 ? null : Math.min(...times),
    freshness: all ? 'FRESH' : times.length === 0 ? 'UNKNOWN' : 'STALE',
  };
}

function incident({ incident: open, now }: ServiceFacts): Rung {
  const name = 'INCIDENT';
  if (open === null)
    return { name, value: 'NONE', passes: true, source: 'incidents', observedAt: now, freshness: 'FRESH' };
  return {
    name,
    value: open.summary,
    passes: open.kind === 'OUTAGE' ? false : null,
    source: `incident ${open.id}`,
    observedAt: open.at,
    freshness: 'FRESH',
  };
}
