import type { SnmpValue } from '../codec/value.ts';
import type { SnmpSession } from '../engine/session.ts';
import type { TableOptions } from '../engine/table.ts';
import { asNumber, asText } from '../reading.ts';

/** A row of entPhysicalTable (ENTITY-MIB, RFC 6933). */
export interface PhysicalEntity {
  readonly name: string | null;
  readonly descr: string | null;
  readonly class: number | null;
  readonly softwareRevision: string | null;
  readonly firmwareRevision: string | null;
  readonly serial: string | null;
  readonly maker: string | null;
  readonly model: string | null;
}

export interface PhysicalEntities {
  /** By entPhysicalIndex. */
  readonly entities: ReadonlyMap<string, PhysicalEntity>;
  readonly warnings: readonly string[];
}

const entry = '1.3.6.1.2.1.47.1.1.1.1';
/** Numbers of a USB device instead of a name. */
const NO_MODEL = /^0x[0-9a-f]+$/i;
const CHASSIS = 3;
const STACK = 11;

export async function readEntities(session: SnmpSession, options: TableOptions): Promise<PhysicalEntities> {
  const columns = [7, 2, 5, 10, 9, 11, 12, 13].map((column) => `${entry}.${column}`);
  const { rows, warnings } = await session.table(columns, options);
  const entities = new Map<string, PhysicalEntity>();
  for (const [index, row] of rows) {
    const [name, descr, kind, software, firmware, serial, maker, model] = row;
    entities.set(index, {
      name: asText(name),
      descr: asText(descr),
      class: asNumber(kind),
      softwareRevision: asText(software),
      firmwareRevision: asText(firmware),
      serial: asText(serial),
      maker: asText(maker),
      model: modelText(model),
    });
  }
  return { entities, warnings };
}

function modelText(cell: SnmpValue | undefined): string | null {
  const text = asText(cell);
  return text === null || NO_MODEL.test(text) ? null : text;
}

/** Kinds of entity that are parts of a box: power supply, fan, sensor, port. */
const PARTS: ReadonlySet<number | null> = new Set([6, 7, 8, 10]);

/**
 * The box itself: the first chassis that names its model or serial, else the first stack, else the first entity that
 * names both and is no part such as a fan or a port, else the first that names either; null when none does.
 */
export function chassisOf({ entities }: PhysicalEntities): PhysicalEntity | null {
  const all = [...entities.values()];
  const named = (kind: number) =>
    all.find((entity) => entity.class === kind && (entity.model !== null || entity.serial !== null));
  const boxes = all.filter((entity) => !PARTS.has(entity.class));
  return (
    named(CHASSIS) ??
    named(STACK) ??
    boxes.find((entity) => entity.model !== null && entity.serial !== null) ??
    boxes.find((entity) => entity.model !== null || entity.serial !== null) ??
    null
  );
}

/** How the agent describes the box: the text of the first chassis, where it is more than that word. */
export function descriptionOf({ entities }: PhysicalEntities): string | null {
  const descr = [...entities.values()].find((entity) => entity.class === CHASSIS)?.descr ?? null;
  return descr === null || /^(?:unit|main|system)?\W*(?:chassis|\d+)?\W*\d*$/i.test(descr) ? null : descr;
}

/** What the first part that names its software runs; for boxes whose chassis does not. Null when none does. */
export function softwareOf({ entities }: PhysicalEntities): string | null {
  for (const { softwareRevision } of entities.values())
    if (softwareRevision !== null) return softwareRevision;
  return null;
}

/** The model of the first part of the box that names one and is no supply, fan, sensor or port. Null when none does. */
export function modelOf({ entities }: PhysicalEntities): string | null {
  for (const entity of entities.values()) {
    if (entity.model !== null && !PARTS.has(entity.class)) return entity.model;
  }
  return null;
}
