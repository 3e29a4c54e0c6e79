import { describeSlowed } from '../access/rules.ts';
import { silentIntervals } from '../session/rules.ts';
import { freshnessOf, type Rung, type ServiceFacts, works } from './facts.ts';

/** After this long a refusal says nothing about now: whoever is refused tries again within seconds, and is told of once a minute. */
const refusalFreshMilliseconds = 10 * 60_000;

/** What the business has locked: the bill first of all. */
export function lock({ locks, slowed, closed, now }: ServiceFacts): Rung {
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

/** What became of his last attempt to log in. */
export function aaa({ session: newest, rejection, now }: ServiceFacts): Rung {
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

/** Whether his session is live and heard of. */
export function session({ session: newest, now }: ServiceFacts): Rung {
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

/** The device he is connected to, by its last poll. */
export function accessNode(facts: ServiceFacts): Rung {
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

/** The devices between the access node and the way out. */
export function backhaul(facts: ServiceFacts): Rung {
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

/** Whether an open incident concerns him. */
export function incident({ incident: open, now }: ServiceFacts): Rung {
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
