import type { Topology } from '../topology/rules.ts';

/** In the order in which they count: who sees the customer's own equipment, then who is told of it. */
export const placeSources = [
  'WIRELESS',
  'OPTICAL',
  'FORWARDING',
  'CIRCUIT_ID',
  'ADDRESS_RESOLUTION',
  'NAS_PORT',
] as const;
export type PlaceSource = (typeof placeSources)[number];

/** Somewhere a service may be connected, with who says so. */
export interface Sighting {
  readonly via: PlaceSource;
  readonly deviceId: string;
  readonly interfaceId: string | null;
  readonly portName: string | null;
  /** In words: the object that tells it. */
  readonly source: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface Place {
  /** Null when several are as likely. */
  readonly deviceId: string | null;
  readonly interfaceId: string | null;
  readonly portName: string | null;
  readonly via: PlaceSource;
  readonly source: string;
  readonly at: number;
  /** The devices that are as likely. */
  readonly alternatives: readonly string[];
}

const ranks: Readonly<Record<PlaceSource, number>> = {
  WIRELESS: 0,
  OPTICAL: 0,
  FORWARDING: 1,
  CIRCUIT_ID: 2,
  ADDRESS_RESOLUTION: 3,
  NAS_PORT: 4,
};
/** Of two that see the same equipment, one that has not seen it for so much longer saw it before it moved. */
const movedMilliseconds = 30 * 60_000;
/** A place that nobody has confirmed for this long gives way to whatever is said now. */
const oldMilliseconds = 24 * 3_600_000;

/**
 * Where a service is connected. A bridge sees everything behind it, so of those that see the customer the one counts that
 * hangs below all the others. When none does, the next kind of evidence decides, and the doubt is told.
 * @param sightings ports between devices left out: what is behind those is connected elsewhere.
 */
export function placeOf(sightings: readonly Sighting[], topology: Topology): Place | null {
  let doubt: Place | null = null;
  for (const rank of [0, 1, 2, 3, 4]) {
    const all = sightings.filter(({ via }) => ranks[via] === rank);
    const newest = Math.max(...all.map(({ at }) => at));
    const current = all.filter(({ at }) => newest - at <= movedMilliseconds);
    if (current.length === 0) continue;
    const found = lowest(current, topology);
    if (found !== null) return doubt === null ? found : { ...found, alternatives: doubt.alternatives };
    const [first] = current;
    if (first === undefined || doubt !== null) continue;
    doubt = {
      ...first,
      deviceId: null,
      interfaceId: null,
      portName: null,
      alternatives: [...new Set(current.map(({ deviceId }) => deviceId))].toSorted(),
    };
  }
  return doubt;
}

function lowest(sightings: readonly Sighting[], topology: Topology): Place | null {
  const devices = [...new Set(sightings.map(({ deviceId }) => deviceId))];
  const below = devices.filter((id) => {
    const way = new Set(topology.pathFrom(id));
    return devices.every((other) => way.has(other));
  });
  // In a ring each is below the other.
  if (below.length !== 1) return null;
  const here = sightings
    .filter(({ deviceId }) => deviceId === below[0])
    .toSorted((x, y) => ranks[x.via] - ranks[y.via] || y.at - x.at);
  const [first] = here;
  if (first === undefined) return null;
  const onePort = here.every(({ portName }) => portName === first.portName);
  return {
    ...first,
    interfaceId: onePort ? first.interfaceId : null,
    portName: onePort ? first.portName : here.map(({ portName }) => portName ?? '?').join(' or '),
    alternatives: [],
  };
}

/**
 * Whether what is said now takes the place of what was known: a weaker word, as that of the NAS while the customer is
 * off the air, does not until the old one is a day old.
 */
export function replaces(before: Place | null, now: Place): boolean {
  if (before === null || before.deviceId === null) return true;
  const stronger = ranks[now.via] <= ranks[before.via];
  if (now.deviceId === null) return stronger && now.at - before.at > oldMilliseconds;
  return stronger || now.at - before.at > oldMilliseconds;
}

export interface AccessLine {
  readonly node: string;
  readonly port: string;
}

/**
 * An access node and its port in an Agent-Circuit-Id: `node eth slot/port[:vlan]` and the like (Broadband Forum TR-101,
 * R-123), or `node:port` and `node/port` of simpler relays. Null when the text names no node.
 */
export function accessLineOf(circuitId: string): AccessLine | null {
  const tr101 = /^(\S+)\s+(?:atm|eth|pon|gpon|epon|xpon|trunk|xgspon)\s+(\S+?)(?::\S*)?$/i.exec(circuitId);
  const plain = /^([A-Za-z][\w.-]*)[:|/ ]+(\S+)$/.exec(circuitId);
  const match = tr101 ?? plain;
  return match === null ? null : { node: match[1] as string, port: match[2] as string };
}
