import type { Finding } from './rules.ts';

/** An open incident as far as matching cares, oldest first. */
export interface OpenIncident {
  readonly id: string;
  readonly rootDeviceId: string;
  readonly state: string;
  /** When its root answered again; null unless it is clearing. */
  readonly clearingSince: number | null;
  readonly deviceIds: readonly string[];
}

export interface Matching<I extends OpenIncident> {
  /** What goes on, or is carried over to another root. */
  readonly continued: readonly { readonly incident: I; readonly finding: Finding }[];
  readonly opened: readonly Finding[];
  /** Their roots turned out to hang on another incident's. */
  readonly merged: readonly { readonly incident: I; readonly finding: Finding }[];
  /** Their roots are still quiet about it, or something below is not back yet. */
  readonly held: readonly I[];
  /** Nothing speaks for them any more. */
  readonly ended: readonly I[];
}

/**
 * Which finding is the continuation of which incident, so that one cause stays one incident while the knowledge of it
 * grows. An incident whose root turns out to be a child moves up to the root found; a second one merges into it. After a
 * root has answered, children that are still silent hold the incident for a while, then the first of them takes it over.
 * @param canEnd whether a root has answered, or is nobody's incident any more.
 */
export function matchIncidents<I extends OpenIncident>(
  open: readonly I[],
  findings: readonly Finding[],
  { now, patience, canEnd }: { now: number; patience: number; canEnd: (deviceId: string) => boolean },
): Matching<I> {
  const continued = new Map<Finding, I>();
  const merged: { incident: I; finding: Finding }[] = [];
  const held = new Set<I>();
  const free = new Set(open);
  const take = (finding: Finding, incident: I) => {
    free.delete(incident);
    if (continued.has(finding)) merged.push({ incident, finding });
    else continued.set(finding, incident);
  };
  // The oldest incident among the root's and its members' is the one that goes on.
  for (const incident of open) {
    const finding = findings.find(
      (one) => one.rootId === incident.rootDeviceId || one.cutOffIds.includes(incident.rootDeviceId),
    );
    if (finding !== undefined) take(finding, incident);
  }
  const opened: Finding[] = [];
  for (const finding of findings) {
    if (continued.has(finding)) continue;
    const before = [...free].find((incident) => incident.deviceIds.includes(finding.rootId));
    if (before === undefined) {
      const among = [...held].some((incident) => incident.deviceIds.includes(finding.rootId));
      if (!among && isWorthAnIncident(finding)) opened.push(finding);
    } else if (before.clearingSince !== null && now - before.clearingSince >= patience) take(finding, before);
    else {
      held.add(before);
      free.delete(before);
    }
  }
  const ended: I[] = [];
  for (const incident of free) {
    if (canEnd(incident.rootDeviceId)) ended.push(incident);
    else held.add(incident);
  }
  return {
    continued: [...continued].map(([finding, incident]) => ({ finding, incident })),
    opened,
    merged,
    held: [...held],
    ended,
  };
}

/** A lost poll while sessions go on is none; and while a device above may be the root, it waits. */
function isWorthAnIncident({ kind, confirmed, pending }: Finding): boolean {
  return kind === 'OUTAGE' ? !pending : confirmed;
}
