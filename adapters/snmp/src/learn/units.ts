import type { SensorSource } from '../profile/schema.ts';
import { asText } from '../reading.ts';
import { numbersOf } from './cells.ts';
import type { WalkColumn } from './columns.ts';
import type { Guess } from './guessed.ts';
import { ofUnit, unitInName } from './quantity.ts';

/** A column of units, and the numbers in them. */
export function guessByUnits(
  columns: readonly WalkColumn[],
  name: WalkColumn | null,
): Guess<SensorSource> | null {
  const units = columns.find((column) => {
    const texts = [...column.cells.values()].map((cell) => asText(cell));
    return (
      texts.length > 0 &&
      texts.every((text) => text === null || ofUnit(text) !== null) &&
      texts.some((it) => it)
    );
  });
  const value =
    units === undefined ? undefined : columns.find((it) => it !== units && it !== name && numbersOf(it));
  if (units === undefined || value === undefined) return null;
  const cases: Record<string, { class: string; multiplier?: number }> = {};
  for (const cell of units.cells.values()) {
    const unit = asText(cell);
    const kind = unit === null ? null : ofUnit(unit);
    if (unit !== null && kind !== null) cases[unit] = kind;
  }
  const [first] = Object.values(cases);
  if (first === undefined) return null;
  const source: SensorSource = {
    class: first.class,
    column: value.oid,
    name: '{index}',
    ...(name === null ? {} : { nameColumn: name.oid }),
    text: true,
    variant: { column: units.oid, cases },
  };
  return { source, why: `${units.oid} holds units: ${Object.keys(cases).join(', ')}` };
}

/** A column that says of each row what it measures, such as `Temperature (milliDegC)`, and numbers behind it. */
export function guessByKinds(columns: readonly WalkColumn[]): Guess<SensorSource> | null {
  const at = columns.findIndex(({ cells }) => {
    const texts = [...cells.values()].map((cell) => (cell.type === 'octets' ? (asText(cell) ?? '') : ''));
    return (
      texts.length > 1 &&
      new Set(texts).size < texts.length &&
      texts.every((text) => unitInName(text) !== null)
    );
  });
  const kinds = columns[at];
  if (kinds === undefined) return null;
  const rest = columns.slice(at + 1);
  const value = rest.find((column) => numbersOf(column) !== null);
  const name = rest.find((column) => column !== value && numbersOf(column) === null);
  if (value === undefined) return null;
  const texts = [...new Set([...kinds.cells.values()].flatMap((cell) => asText(cell) ?? []))];
  const cases = Object.fromEntries(
    texts.flatMap((text) => {
      const kind = unitInName(text);
      return kind === null ? [] : [[text, kind]];
    }),
  );
  const source = {
    class: Object.values(cases)[0]?.class ?? 'count',
    column: value.oid,
    name: '{index}',
    ...(name === undefined ? {} : { nameColumn: name.oid }),
    variant: { column: kinds.oid, cases },
  };
  return { source, why: `${kinds.oid} says what each row measures: ${texts.join(', ')}` };
}
