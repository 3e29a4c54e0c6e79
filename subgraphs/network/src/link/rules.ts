export const linkStates = ['PROPOSED', 'CONFIRMED', 'CONFLICT', 'STALE', 'REJECTED'] as const;
export type LinkState = (typeof linkStates)[number];

/** One end's word for a link: a port of `from` hears `to`. */
export interface Half {
  readonly from: string;
  readonly fromPort: string | null;
  readonly to: string;
  readonly toPort: string | null;
  /** Milliseconds since the epoch. */
  readonly seenAt: number;
  /** Since when `from` answers without hearing it. */
  readonly goneSince: number | null;
}

/** Both ends' words for one link; `a` is the smaller id. */
export interface ObservedLink {
  readonly a: string;
  readonly aPort: string | null;
  readonly b: string;
  readonly bPort: string | null;
  readonly aSeenAt: number | null;
  readonly bSeenAt: number | null;
  /** Since when neither end hears the other. */
  readonly goneSince: number | null;
  readonly conflict: string | null;
}

/** What is in a name: for conflicts. */
export interface Names {
  device(id: string): string;
  port(id: string | null): string;
}

/** An end that was heard until this long ago still counts: agents drop neighbours while they restart. */
export const graceMilliseconds = 3_600_000;
/** What nobody hears for this long is forgotten. */
export const forgetMilliseconds = 30 * 86_400_000;

/** The links that follow from what the devices hear, with what contradicts them named. */
export function linksOf(heard: readonly Half[], now: number, names: Names): ObservedLink[] {
  const halves = oneWordPerPort(heard);
  const present = halves.filter((half) => !isGone(half, now));
  const links: ObservedLink[] = [];
  for (const pair of Map.groupBy(halves, pairKey).values())
    for (const [one, other] of pairUp(pair)) links.push(linkOf(one, other, now, present, names));
  return links;
}

/** LLDP, CDP and MNDP tell of the same cable: one word per port and neighbour, the most exact and newest. */
function oneWordPerPort(heard: readonly Half[]): Half[] {
  const words = Map.groupBy(heard, ({ from, fromPort, to }) => `${from} ${fromPort} ${to}`);
  return [...words.values()].map((list) => {
    const present = list.filter(({ goneSince }) => goneSince === null);
    const best = (present.length > 0 ? present : list).toSorted(
      (x, y) => Number(y.toPort !== null) - Number(x.toPort !== null) || y.seenAt - x.seenAt,
    );
    const first = best[0] as Half;
    return { ...first, seenAt: Math.max(...best.map(({ seenAt }) => seenAt)) };
  });
}

function pairKey({ from, to }: Half): string {
  return from < to ? `${from} ${to}` : `${to} ${from}`;
}

/** Brings the words of both ends together: those that agree on the ports first, then those that leave them open. */
function pairUp(halves: readonly Half[]): [Half, Half | null][] {
  const open = new Set(halves);
  const pairs: [Half, Half | null][] = [];
  const agree = (x: Half, y: Half, strict: boolean) =>
    x.from === y.to &&
    (x.fromPort === y.toPort || (!strict && (y.toPort === null || x.fromPort === null))) &&
    (x.toPort === y.fromPort || (!strict && (x.toPort === null || y.fromPort === null)));
  for (const strict of [true, false])
    for (const half of open) {
      const other = [...open].find((one) => one !== half && agree(half, one, strict));
      if (other === undefined) continue;
      open.delete(half);
      open.delete(other);
      pairs.push([half, other]);
    }
  for (const half of open) pairs.push([half, null]);
  return pairs;
}

function isGone({ goneSince }: Half, now: number): boolean {
  return goneSince !== null && now - goneSince > graceMilliseconds;
}

function linkOf(
  one: Half,
  other: Half | null,
  now: number,
  present: readonly Half[],
  names: Names,
): ObservedLink {
  const swapped = one.from > one.to;
  const [fromA, fromB] = swapped ? [other, one] : [one, other];
  const a = swapped ? one.to : one.from;
  const b = swapped ? one.from : one.to;
  const aPort = fromA?.fromPort ?? fromB?.toPort ?? null;
  const bPort = fromB?.fromPort ?? fromA?.toPort ?? null;
  const words = [fromA, fromB].filter((half) => half !== null);
  const gone = words.every((half) => isGone(half, now));
  return {
    a,
    aPort,
    b,
    bPort,
    aSeenAt: fromA?.seenAt ?? null,
    bSeenAt: fromB?.seenAt ?? null,
    goneSince: gone ? Math.max(...words.map(({ goneSince }) => goneSince ?? 0)) : null,
    conflict: gone
      ? null
      : (sharedPort(a, aPort, b, bPort, present, names) ??
        sharedPort(b, bPort, a, aPort, present, names) ??
        (other === null ? contradiction(one, present, names) : null)),
  };
}

/**
 * A port that hears several who also hear each other there is not one end of a cable: something between them passes LLDP
 * on. Several who do not hear each other are radios at an access point.
 */
function sharedPort(
  device: string,
  port: string | null,
  neighbor: string,
  neighborPort: string | null,
  present: readonly Half[],
  names: Names,
): string | null {
  if (port === null || neighborPort === null) return null;
  const third = present.find(
    (half) =>
      half.from === device &&
      half.fromPort === port &&
      half.to !== neighbor &&
      present.some((back) => back.from === neighbor && back.fromPort === neighborPort && back.to === half.to),
  );
  return third === undefined
    ? null
    : `${names.device(device)} ${names.port(port)} hears ${[neighbor, third.to].map(names.device).toSorted().join(' and ')}, who hear each other: something between them is not registered`;
}

/** One end names a port that hears somebody else. */
function contradiction(half: Half, present: readonly Half[], names: Names): string | null {
  if (half.toPort === null) return null;
  const there = present.filter((one) => one.from === half.to && one.fromPort === half.toPort);
  const [other] = there;
  if (other === undefined || there.some((one) => one.to === half.from)) return null;
  return `${names.device(half.from)} ${names.port(half.fromPort)} hears ${names.device(half.to)} ${names.port(half.toPort)}, which hears ${names.device(other.to)}`;
}

/** @param before its state until now; null for a new one. */
export function stateOf(
  link: ObservedLink,
  decision: 'CONFIRMED' | 'REJECTED' | null,
  before: LinkState | null,
): LinkState {
  if (decision === 'REJECTED') return 'REJECTED';
  if (link.goneSince !== null) return 'STALE';
  if (decision === 'CONFIRMED') return 'CONFIRMED';
  if (link.conflict !== null) return 'CONFLICT';
  // One end that falls silent takes nothing back; when neither hears the other it is stale.
  if (before === 'CONFIRMED') return 'CONFIRMED';
  return link.aSeenAt !== null && link.bSeenAt !== null ? 'CONFIRMED' : 'PROPOSED';
}
