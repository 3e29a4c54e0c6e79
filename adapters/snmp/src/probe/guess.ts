import type { SnmpValue } from '../codec/value.ts';
import type { SnmpSession } from '../engine/session.ts';
import type { TableOptions } from '../engine/table.ts';
import { ENTERPRISES, enterpriseNumber, isHardware } from '../identity/enterprises.ts';
import { structureOf, type WalkTable } from '../learn/columns.ts';
import { guessTable } from '../learn/guess.ts';
import { guessIdentity } from '../learn/identity.ts';
import { guessScalars } from '../learn/scalars.ts';
import { type SensorReading, sensorReadings } from '../profile/interpret.ts';
import type { Profile } from '../profile/schema.ts';
import { asText } from '../reading.ts';
import type { WalkObject } from '../walk/parse.ts';

type Field = 'model' | 'version' | 'serial';

/** What objects of an unknown maker say of themselves, each with the reason it was taken for that. */
export interface Guessed {
  readonly identity: Partial<Readonly<Record<Field, string>>>;
  readonly sensors: readonly SensorReading[];
  readonly warnings: readonly string[];
}

/** A look, not a walk: an unknown agent may be slow, and its tables long. */
const MOST_OBJECTS = 1_500;
const MOST_PACKETS = 200;
const MOST_MILLISECONDS = 15_000;
/** Tables as short as this describe the box itself, a unit of a stack, or its mate. */
const FEW_ROWS = 2;

/**
 * The maker's number when no profile of those chosen was written for it, else null: nothing is guessed where
 * something is known, nor of agents that serve no maker's objects or those of several.
 */
export function unknownMaker(
  sysObjectId: string | null,
  enterprises: readonly number[],
  chosen: readonly Profile[],
): number | null {
  const hardware = enterprises.filter(isHardware);
  const named = enterpriseNumber(sysObjectId);
  const own = named !== null && isHardware(named) ? named : hardware.length === 1 ? hardware[0] : undefined;
  if (own === undefined || !hardware.includes(own)) return null;
  const known = chosen.some(({ match }) => !match.always && (match.enterprise?.includes(own) ?? true));
  return known ? null : own;
}

/**
 * Looks at a maker's private objects and takes those that say what they are: texts with a unit, numbers beside a
 * unit or beside names such as "board temperature", texts in the form of a version or serial number. Rejects with
 * `SnmpError`.
 */
export async function guess(
  session: SnmpSession,
  enterprise: number,
  known: { readonly sysDescr: string | null } & Readonly<Record<Field, string | null>>,
  options: TableOptions,
): Promise<Guessed> {
  const root = `${ENTERPRISES}${enterprise}`;
  const { values } = await session.subtree(root, {
    ...options,
    maxRows: MOST_OBJECTS,
    maxPackets: MOST_PACKETS,
    maxMilliseconds: Math.min(MOST_MILLISECONDS, options.maxMilliseconds ?? MOST_MILLISECONDS),
  });
  const objects: WalkObject[] = [...values].map(([index, value]) => ({ oid: `${root}.${index}`, value }));
  const { scalars, tables } = structureOf(objects);
  const sources = [...guessScalars(scalars), ...tables.flatMap((table) => guessTable(table).sensors)];
  const read = {
    scalars: new Map<string, SnmpValue>(objects.map(({ oid, value }) => [oid, value])),
    columns: new Map(tables.flatMap(({ columns }) => columns.map(({ oid, cells }) => [oid, cells] as const))),
    entityNames: new Map<string, string>(),
  };
  const sensors = sources.flatMap(({ source, why }) =>
    sensorReadings(source, read).map((reading) => ({ ...reading, guessed: why })),
  );
  const identity: Partial<Record<Field, string>> = {};
  const warnings: string[] = [];
  for (const { field, source, why } of guessIdentity(
    [...scalars, ...firstCells(tables)],
    known.sysDescr ?? '',
  )) {
    const text = asText(read.scalars.get(source.oid ?? ''));
    if (known[field] !== null || text === null) continue;
    identity[field] = text;
    warnings.push(`${field} is guessed from ${source.oid}: ${why}`);
  }
  if (sensors.length > 0) {
    warnings.push(`${sensors.length} sensors are guessed: no profile is known for enterprise ${enterprise}`);
  }
  return { identity, sensors, warnings };
}

function firstCells(tables: readonly WalkTable[]): WalkObject[] {
  return tables.flatMap(({ columns }) =>
    columns.flatMap(({ oid, cells }) => {
      const [first] = cells;
      return first === undefined || cells.size > FEW_ROWS
        ? []
        : [{ oid: `${oid}.${first[0]}`, value: first[1] }];
    }),
  );
}
