import { type EquipmentFacts, freshnessOf, type Rung, type ServiceFacts, works } from './facts.ts';

/**
 * The customer's equipment: its own answer counts first, else whether the access point or line card has it registered. A level
 * that is wrong leaves it open whether the service works.
 */
export function cpe(facts: ServiceFacts): Rung {
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
