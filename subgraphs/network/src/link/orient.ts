import type { Link } from '../topology/rules.ts';

/** Two devices with a confirmed link between them. */
export type Edge = readonly [string, string];

/**
 * Which end of each link is nearer to the way out: it is the other's parent. Two as far away as each other, as in a ring,
 * are a second way for one another. What no gateway is reached from gets no direction, and neither does a device whose
 * parents a person has named.
 * @param manual what persons said; those links carry distance too.
 */
export function orient(
  edges: readonly Edge[],
  manual: readonly Link[],
  gateways: ReadonlySet<string>,
): Link[] {
  const around = new Map<string, Set<string>>();
  const meet = (one: string, other: string) => {
    const set = around.get(one);
    if (set === undefined) around.set(one, new Set([other]));
    else set.add(other);
  };
  for (const [a, b] of [...edges, ...manual.map(({ childId, parentId }) => [childId, parentId] as Edge)]) {
    meet(a, b);
    meet(b, a);
  }
  const distance = new Map([...gateways].map((id) => [id, 0]));
  // A map grows while it is walked.
  for (const [id, far] of distance)
    for (const next of around.get(id) ?? []) if (!distance.has(next)) distance.set(next, far + 1);
  const named = new Set(manual.map(({ childId }) => childId));
  const found = new Map<string, Link>();
  for (const [a, b] of edges)
    for (const [child, parent] of [
      [a, b],
      [b, a],
    ] as const) {
      const [down, up] = [distance.get(child), distance.get(parent)];
      if (down === undefined || up === undefined || down === 0 || up > down || named.has(child)) continue;
      found.set(`${child} ${parent}`, { childId: child, parentId: parent });
    }
  return [...found.values()];
}

/** Where ways lead: what a person marked; else devices that others hang on and that hang on nothing; else the only NAS. */
export function gatewaysOf(
  marked: readonly string[],
  manual: readonly Link[],
  nasDevices: readonly string[],
): ReadonlySet<string> {
  if (marked.length > 0) return new Set(marked);
  const children = new Set(manual.map(({ childId }) => childId));
  const tops = manual.map(({ parentId }) => parentId).filter((id) => !children.has(id));
  if (tops.length > 0) return new Set(tops);
  return new Set(new Set(nasDevices).size === 1 ? nasDevices : []);
}
