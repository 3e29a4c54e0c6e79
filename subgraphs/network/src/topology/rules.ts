/** A child reaches the rest of the network through its parent. */
export interface Link {
  readonly childId: string;
  readonly parentId: string;
}

/**
 * What hangs on what. A device with several parents needs one of them; one without is a way out of the network itself.
 * Links that form a circle (two devices that name each other in LLDP) are harmless: a way never passes a device twice.
 */
export class Topology {
  readonly #parents: ReadonlyMap<string, readonly string[]>;
  readonly #children: ReadonlyMap<string, readonly string[]>;

  constructor(links: readonly Link[]) {
    this.#parents = grouped(links.map(({ childId, parentId }) => [childId, parentId]));
    this.#children = grouped(links.map(({ childId, parentId }) => [parentId, childId]));
  }

  parentsOf(deviceId: string): readonly string[] {
    return this.#parents.get(deviceId) ?? [];
  }

  childrenOf(deviceId: string): readonly string[] {
    return this.#children.get(deviceId) ?? [];
  }

  /** The device, its parents, their parents and so on, nearest first. */
  pathFrom(deviceId: string): string[] {
    return reach(deviceId, (id) => this.parentsOf(id));
  }

  /** The device and everything below it, nearest first. */
  below(deviceId: string): string[] {
    return reach(deviceId, (id) => this.childrenOf(id));
  }

  /** Every device that is cut off when these are down: themselves, and those all of whose ways lead through them. */
  cutOffBy(down: ReadonlySet<string>): ReadonlySet<string> {
    const cut = new Set(down);
    const candidates = new Set([...down].flatMap((id) => this.below(id)));
    // A device is saved by a way to a device without parents that avoids `down`; look for one per candidate.
    for (const id of candidates) if (!cut.has(id) && !this.#escapes(id, down)) cut.add(id);
    return cut;
  }

  /** Whether a link would let a device reach itself. */
  wouldCircle({ childId, parentId }: Link): boolean {
    return childId === parentId || this.pathFrom(parentId).includes(childId);
  }

  #escapes(deviceId: string, down: ReadonlySet<string>): boolean {
    const ways = reach(deviceId, (id) => this.parentsOf(id).filter((parent) => !down.has(parent)));
    return ways.some((id) => this.parentsOf(id).length === 0);
  }
}

function reach(from: string, next: (id: string) => readonly string[]): string[] {
  const found = new Set([from]);
  // A set grows while it is walked.
  for (const id of found) for (const other of next(id)) found.add(other);
  return [...found];
}

function grouped(pairs: readonly (readonly [string, string])[]): Map<string, string[]> {
  const map = new Map<string, string[]>();
  for (const [key, value] of pairs) {
    const list = map.get(key);
    if (list === undefined) map.set(key, [value]);
    else list.push(value);
  }
  return map;
}
