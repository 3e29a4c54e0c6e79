import type { SnmpValue } from '../codec/value.ts';
import type { WalkObject } from '../walk/parse.ts';

/** A column of a table as a walk shows it: its values by index. */
export interface WalkColumn {
  readonly oid: string;
  readonly cells: ReadonlyMap<string, SnmpValue>;
}

export interface WalkTable {
  /** The entry, such as 1.3.6.1.4.1.9999.3.1; columns are its children. */
  readonly entry: string;
  readonly columns: readonly WalkColumn[];
}

export interface WalkStructure {
  readonly scalars: readonly WalkObject[];
  readonly tables: readonly WalkTable[];
}

const ENTRY = '1';

/**
 * Tells tables from scalars in a subtree without its MIB, from what RFC 2578 §7 and habit say: below a table stands
 * its entry `1`, below that the columns, and all columns share their indexes. A table with the only index 0 is a
 * group of scalars.
 */
export function structureOf(objects: readonly WalkObject[]): WalkStructure {
  const places = objects.map((object) => ({ object, candidates: candidatesOf(object.oid) }));
  const columnsOf = new Map<string, Map<string, Set<string>>>();
  const usesOf = new Map<string, Map<string, number>>();
  for (const { candidates } of places) {
    for (const { entry, column, index } of candidates) {
      const columns = columnsOf.get(entry) ?? new Map<string, Set<string>>();
      columnsOf.set(entry, columns);
      const indexes = columns.get(column) ?? new Set<string>();
      columns.set(column, indexes.add(index));
      const uses = usesOf.get(entry) ?? new Map<string, number>();
      usesOf.set(entry, uses.set(index, (uses.get(index) ?? 0) + 1));
    }
  }
  const scalars: WalkObject[] = [];
  const found = new Map<string, Map<string, Map<string, SnmpValue>>>();
  for (const { object, candidates } of places) {
    const place =
      candidates.find(({ entry, index }) => index !== '0' && (usesOf.get(entry)?.get(index) ?? 0) > 1) ??
      candidates.find(({ entry, column }) => (columnsOf.get(entry)?.get(column)?.size ?? 0) > 1) ??
      (object.oid.endsWith('.0') ? undefined : candidates.at(-1));
    if (place === undefined) {
      scalars.push(object);
      continue;
    }
    const columns = found.get(place.entry) ?? new Map<string, Map<string, SnmpValue>>();
    found.set(place.entry, columns);
    const cells = columns.get(place.column) ?? new Map<string, SnmpValue>();
    columns.set(place.column, cells.set(place.index, object.value));
  }
  return {
    scalars: scalars.filter(({ oid }) => oid.endsWith('.0')),
    tables: [...found].map(([entry, columns]) => ({
      entry,
      columns: [...columns].map(([column, cells]) => ({ oid: `${entry}.${column}`, cells })),
    })),
  };
}

/** Every way to read an OID as entry, column and index, the widest table first. */
function candidatesOf(oid: string): { entry: string; column: string; index: string }[] {
  const arcs = oid.split('.');
  const found: { entry: string; column: string; index: string }[] = [];
  // 1.3.6.1.4.1.<enterprise> is seven arcs; a table and its entry come after.
  for (let at = 9; at < arcs.length - 1; at++) {
    if (arcs[at - 1] !== ENTRY) continue;
    found.push({
      entry: arcs.slice(0, at).join('.'),
      column: arcs[at] ?? '',
      index: arcs.slice(at + 1).join('.'),
    });
  }
  return found;
}
