import type { Reach } from '@dotmac/device';
import { missesUntilOffline } from '../device/rules.ts';
import type { Topology } from '../topology/rules.ts';

export const incidentKinds = ['OUTAGE', 'MONITORING_FAULT'] as const;
export type IncidentKind = (typeof incidentKinds)[number];
export const incidentStates = ['SUSPECTED', 'CONFIRMED', 'CLEARING', 'RESOLVED'] as const;
export type IncidentState = (typeof incidentStates)[number];

/** What is known of a device. Times in milliseconds since the epoch. */
export interface DeviceFacts {
  readonly id: string;
  /** Its last answer; null when it never gave one. */
  readonly seenAt: number | null;
  /** When the first of the unanswered polls in a row ended; null while it answers. */
  readonly silentSince: number | null;
  readonly missedPolls: number;
  /** When its last poll began. */
  readonly askedAt: number | null;
  /** Planned work: nobody's incident. */
  readonly maintenance: boolean;
  /** Whether it can be asked at all. */
  readonly polled: boolean;
  /** The newest look at its host, apart from its management protocol. */
  readonly reach: Pick<Reach, 'method' | 'verdict' | 'rttMilliseconds' | 'detail' | 'observedAt'> | null;
}

/** The newest word of a live session through a device. */
export interface SessionWord {
  readonly deviceId: string;
  readonly username: string;
  readonly at: number;
}

/** What shows that a silent device works. */
export type ProofOfLife =
  | { readonly by: 'SESSION'; readonly username: string; readonly deviceId: string; readonly at: number }
  | { readonly by: 'DEVICE'; readonly deviceId: string; readonly at: number }
  | { readonly by: 'REACH'; readonly deviceId: string; readonly at: number };

export interface Finding {
  readonly kind: IncidentKind;
  readonly rootId: string;
  /** Enough polls were missed. */
  readonly confirmed: boolean;
  /** A device above has not been asked since, or has not answered yet: the root may lie there. */
  readonly pending: boolean;
  /** The first evidence. */
  readonly startedAt: number;
  /** Silent devices that hang on the root. */
  readonly childIds: readonly string[];
  /** Every device without a way out because of the root, itself included: whoever is connected there is affected. */
  readonly cutOffIds: readonly string[];
  /** For a monitoring fault. */
  readonly proof: ProofOfLife | null;
}

export interface OutageFacts {
  readonly topology: Topology;
  readonly devices: ReadonlyMap<string, DeviceFacts>;
  /** By device; stale words are left out. */
  readonly words: ReadonlyMap<string, SessionWord>;
  /**
   * Since when something speaks against the silence of a device. Until it has been asked again nothing follows from
   * that: after a power cut a device below may be back a moment before.
   */
  readonly doubtedSince: ReadonlyMap<string, number>;
  /** An answer of a device that is older than this says nothing any more. */
  readonly answersSince: number;
}

export interface Outages {
  readonly findings: readonly Finding[];
  /** Silent devices that something speaks for, and that have to be asked again. */
  readonly doubtedIds: readonly string[];
}

/**
 * Which devices are at fault, and what merely hangs on them. A silent device is down unless something that has no other
 * way was heard of since: a live session, or a device below. Then the monitoring is at fault. A silent device none of
 * whose parents is reachable is a child of theirs. What was never seen, and what is in maintenance, is nobody's root.
 */
export function findOutages(facts: OutageFacts): Outages {
  const { topology, devices, doubtedSince } = facts;
  const silent = [...devices.values()].filter(isSilent).sort(byStart);
  const proofs = new Map(silent.map((device) => [device.id, proofOfLife(facts, device)]));
  const failing = new Map<string, DeviceFacts>();
  for (const device of silent) if ((proofs.get(device.id) ?? null) === null) failing.set(device.id, device);
  const inferred = inferParents(facts, failing);
  const down = new Set([...failing.keys(), ...inferred.keys()]);
  const cut = topology.cutOffBy(down);
  const taken = new Set<string>();
  const findings: Finding[] = [];
  const all = [...inferred.values(), ...failing.values()].sort(byStart);
  for (const root of all.filter(({ id }) => isRoot(topology, cut, id))) {
    const cutOffIds = topology
      .below(root.id)
      .filter((id) => cut.has(id) && !taken.has(id) && !answeredSince(devices.get(id), root.silentSince));
    for (const id of cutOffIds) taken.add(id);
    if (root.maintenance) continue;
    findings.push({
      kind: 'OUTAGE',
      rootId: root.id,
      confirmed: root.missedPolls >= missesUntilOffline,
      pending: isPending(facts, root),
      startedAt: startOf(root, cutOffIds, failing),
      childIds: cutOffIds.filter((id) => id !== root.id && failing.has(id)),
      cutOffIds,
      proof: null,
    });
  }
  const doubtedIds: string[] = [];
  for (const device of silent) {
    const proof = proofs.get(device.id) ?? null;
    if (proof === null || device.maintenance) continue;
    doubtedIds.push(device.id);
    const since = doubtedSince.get(device.id);
    if (since === undefined || device.askedAt === null || device.askedAt <= since) continue;
    findings.push({
      kind: 'MONITORING_FAULT',
      rootId: device.id,
      confirmed: device.missedPolls >= missesUntilOffline,
      pending: false,
      startedAt: device.silentSince ?? 0,
      childIds: [],
      cutOffIds: [],
      proof,
    });
  }
  return { findings, doubtedIds };
}

function isSilent({ silentSince, seenAt }: DeviceFacts): boolean {
  return silentSince !== null && seenAt !== null;
}

function byStart(a: DeviceFacts, b: DeviceFacts): number {
  return (a.silentSince ?? 0) - (b.silentSince ?? 0) || (a.id < b.id ? -1 : 1);
}

function answeredSince(device: DeviceFacts | undefined, since: number | null): boolean {
  if (device === undefined || device.silentSince !== null || device.seenAt === null) return false;
  return since !== null && device.seenAt > since;
}

/** Only what has no way around the device can speak for it. */
function proofOfLife(
  { topology, devices, words, answersSince }: OutageFacts,
  device: DeviceFacts,
): ProofOfLife | null {
  const since = device.silentSince ?? 0;
  const { reach } = device;
  if (reach?.verdict === 'REACHABLE' && reach.observedAt > since)
    return { by: 'REACH', deviceId: device.id, at: reach.observedAt };
  for (const id of topology.cutOffBy(new Set([device.id]))) {
    const word = words.get(id);
    if (word !== undefined && word.at > since)
      return { by: 'SESSION', username: word.username, deviceId: id, at: word.at };
    const other = devices.get(id);
    if (id === device.id || other === undefined || other.seenAt === null) continue;
    if (answeredSince(other, since) && other.seenAt >= answersSince)
      return { by: 'DEVICE', deviceId: id, at: other.seenAt };
  }
  return null;
}

/** A parent that cannot be asked is down when everything that hangs on it alone is, and that is more than one. */
function inferParents(
  { topology, devices }: OutageFacts,
  failing: ReadonlyMap<string, DeviceFacts>,
): Map<string, DeviceFacts> {
  const inferred = new Map<string, DeviceFacts>();
  const parents = new Set([...failing.keys()].flatMap((id) => topology.parentsOf(id)));
  for (const id of parents) {
    const parent = devices.get(id);
    if (parent === undefined || parent.polled || parent.maintenance) continue;
    const only = topology
      .childrenOf(id)
      .filter((child) => topology.parentsOf(child).length === 1 && devices.get(child)?.seenAt != null);
    const silent = only.flatMap((child) => failing.get(child) ?? []);
    if (silent.length < 2 || silent.length < only.length) continue;
    inferred.set(id, {
      ...parent,
      silentSince: Math.min(...silent.map((one) => one.silentSince ?? 0)),
      missedPolls: Math.min(...silent.map((one) => one.missedPolls)),
    });
  }
  return inferred;
}

function isRoot(topology: Topology, cut: ReadonlySet<string>, id: string): boolean {
  const parents = topology.parentsOf(id);
  return parents.length === 0 || parents.some((parent) => !cut.has(parent));
}

/** A device above that can be asked, and of which nothing was heard since the root fell silent. */
function isPending({ topology, devices }: OutageFacts, root: DeviceFacts): boolean {
  return topology
    .pathFrom(root.id)
    .slice(1)
    .some((id) => {
      const above = devices.get(id);
      return (
        above?.polled === true &&
        above.seenAt !== null &&
        above.silentSince === null &&
        above.seenAt <= (root.silentSince ?? 0)
      );
    });
}

function startOf(
  root: DeviceFacts,
  cutOffIds: readonly string[],
  failing: ReadonlyMap<string, DeviceFacts>,
): number {
  const starts = cutOffIds.flatMap((id) => failing.get(id)?.silentSince ?? []);
  return Math.min(root.silentSince ?? Number.POSITIVE_INFINITY, ...starts);
}
