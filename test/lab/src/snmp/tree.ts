import { type Arcs, compareArcs, type WireValue } from './ber.ts';

/** An object an agent has. Its value is read when it is asked for. */
export interface LabObject {
  readonly oid: Arcs;
  readonly read: () => WireValue;
  /** Takes a SET; false when the value is refused. Objects without it are read-only. */
  readonly write?: (value: WireValue) => boolean;
}

/** The objects of an agent in their order. */
export class ObjectTree {
  readonly #objects: readonly LabObject[];

  constructor(objects: readonly LabObject[]) {
    this.#objects = [...objects]
      .sort((a, b) => compareArcs(a.oid, b.oid))
      .filter((object, i, all) => i === 0 || compareArcs(object.oid, (all[i - 1] as LabObject).oid) !== 0);
  }

  /** Position of the first object at (or, with `after`, behind) an OID. */
  position(oid: Arcs, after: boolean): number {
    let low = 0;
    let high = this.#objects.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const order = compareArcs((this.#objects[middle] as LabObject).oid, oid);
      if (order < 0 || (after && order === 0)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  at(position: number): LabObject | undefined {
    return this.#objects[position];
  }

  find(oid: Arcs): LabObject | undefined {
    const object = this.#objects[this.position(oid, false)];
    return object !== undefined && compareArcs(object.oid, oid) === 0 ? object : undefined;
  }

  /** Whether there is another instance of the same object, which makes a miss `noSuchInstance`. */
  hasSibling(oid: Arcs): boolean {
    const column = oid.slice(0, -1);
    const object = this.#objects[this.position(column, true)];
    return object !== undefined && column.every((arc, i) => object.oid[i] === arc);
  }
}
