import type { SnmpValue } from '../codec/value.ts';
import type { IdentitySource, SensorSource } from '../profile/schema.ts';
import { asNumber, asText } from '../reading.ts';
import type { WalkObject } from '../walk/parse.ts';
import type { WalkColumn, WalkTable } from './columns.ts';
import { divisorFor, measured, ofName, ofUnit } from './quantity.ts';

/** A guess with its reason, for the person who must confirm it. */
export interface Guess<S> {
  readonly source: S;
  readonly why: string;
}

/** What cannot be guessed but may well be of use: a person who has the maker's document can say. */
export interface Undecided {
  readonly oid: string;
  readonly why: string;
}

export interface Guesses {
  readonly sensors: readonly Guess<SensorSource>[];
  readonly undecided: readonly Undecided[];
}

/** Scalars whose text says what it is: a number with its unit. */
export function guessScalars(scalars: readonly WalkObject[]): Guess<SensorSource>[] {
  return scalars.flatMap(({ oid, value }) => {
    const text = value.type === 'octets' ? asText(value) : null;
    const found = text === null ? null : measured(text);
    const kind = found === null ? null : ofUnit(found.unit);
    if (kind === null) return [];
    return [
      { source: { ...kind, oid, name: `${kind.class} ${oid}`, text: true }, why: `its text is "${text}"` },
    ];
  });
}

/** What a table measures: by the units in its texts, by a column of units, or by the names of its rows. */
export function guessTable({ entry, columns }: WalkTable): Guesses {
  const name = nameColumn(columns);
  const named = name === null ? {} : { nameColumn: name.oid };
  const byText = columns.flatMap((column): Guess<SensorSource>[] => {
    const texts = [...column.cells.values()].flatMap((cell) =>
      cell.type === 'octets' ? (asText(cell) ?? []) : [],
    );
    const kinds = texts.map((text) => ofUnit(measured(text)?.unit ?? ''));
    const [kind] = kinds;
    const alike =
      kind != null && kinds.every((it) => it?.class === kind.class && it.multiplier === kind.multiplier);
    if (!alike) return [];
    const source = {
      ...kind,
      column: column.oid,
      name: `${kind.class} {index}`,
      ...named,
      text: true as const,
    };
    return [{ source, why: `its texts are like "${texts[0]}"` }];
  });
  if (byText.length > 0) return { sensors: byText, undecided: [] };
  const byUnit = guessByUnits(columns, name);
  if (byUnit !== null) return { sensors: [byUnit], undecided: [] };
  if (name !== null) {
    const byName = guessByNames(columns, name);
    if (byName !== null) return { sensors: [byName], undecided: statesOf(columns, name) };
    return { sensors: [], undecided: statesOf(columns, name) };
  }
  const numbers = columns.filter((column) => numbersOf(column) !== null).length;
  if (numbers === 0) return { sensors: [], undecided: [] };
  return {
    sensors: [],
    undecided: [
      { oid: entry, why: `a table of ${numbers} columns of numbers, and no column names its rows` },
    ],
  };
}

function guessByUnits(columns: readonly WalkColumn[], name: WalkColumn | null): Guess<SensorSource> | null {
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

function guessByNames(columns: readonly WalkColumn[], name: WalkColumn): Guess<SensorSource> | null {
  const names = [...name.cells].flatMap(([index, cell]) => {
    const text = asText(cell);
    const quantity = text === null ? null : ofName(text);
    return text === null || quantity === null ? [] : [{ index, text, quantity }];
  });
  if (names.length === 0) return null;
  const classes = [...new Map(names.map((it) => [it.quantity.class, it.quantity])).values()];
  for (const column of columns) {
    if (column === name || numbersOf(column) === null) continue;
    const fits = classes.map((quantity) => {
      const rows = names
        .filter((it) => it.quantity === quantity)
        .flatMap(({ index, text }) => {
          const value = asNumber(column.cells.get(index));
          return value === null ? [] : [{ name: text, value }];
        });
      return {
        quantity,
        found: divisorFor(quantity, rows),
        distinct: new Set(rows.map(({ value }) => value)).size,
      };
    });
    // Numbers that are all small and alike are states or indexes rather than measurements.
    if (!fits.some(({ found, distinct }) => found !== null && distinct > 1)) continue;
    const found = fits.flatMap(({ quantity, found: it }) => (it === null ? [] : [{ quantity, ...it }]));
    const source: SensorSource = {
      class: found[0]?.quantity.class ?? 'count',
      column: column.oid,
      name: '{index}',
      nameColumn: name.oid,
      variant: {
        names: found.map(({ quantity, divisor }) => ({
          pattern: quantity.words.source,
          class: quantity.class,
          ...(divisor === 1 ? {} : { divisor }),
        })),
      },
    };
    const why = found.map(({ quantity, why: reason }) => `${quantity.class}: ${reason}`).join('; ');
    return { source, why: `${name.oid} names the rows (${names[0]?.text}); ${why}` };
  }
  return null;
}

/** Columns of few small numbers beside names: probably states, whose meaning only the maker's document tells. */
function statesOf(columns: readonly WalkColumn[], name: WalkColumn): Undecided[] {
  return columns.flatMap((column) => {
    const numbers = column === name ? null : numbersOf(column);
    if (numbers === null || numbers.some((it) => !Number.isInteger(it) || it < 0 || it > 20)) return [];
    const distinct = new Set(numbers);
    if (distinct.size > 4 || distinct.size === numbers.length) return [];
    const row = asText([...name.cells.values()][0]);
    return [
      {
        oid: column.oid,
        why: `few small numbers (${[...distinct].join(', ')}) beside names such as "${row}": a state?`,
      },
    ];
  });
}

/** The numbers of a column; null when one of its cells is none, or all are the same as their index. */
function numbersOf({ cells }: WalkColumn): number[] | null {
  const numbers = [...cells.values()].map((cell) => (cell.type === 'octets' ? asNumber(cell) : number(cell)));
  if (numbers.length === 0 || numbers.some((it) => it === null)) return null;
  const own = [...cells.keys()].every((index, i) => index.split('.').at(-1) === String(numbers[i]));
  return own && numbers.length > 1 ? null : (numbers as number[]);
}

const number = (cell: SnmpValue) => (cell.type === 'timeTicks' ? null : asNumber(cell));

/** The column that names the rows: text with letters, most of it distinct. */
function nameColumn(columns: readonly WalkColumn[]): WalkColumn | null {
  const named = columns.filter(({ cells }) => {
    const texts = [...cells.values()].map((cell) => (cell.type === 'octets' ? asText(cell) : null));
    const words = texts.filter(
      (text) => text !== null && /[A-Za-z]{2}/.test(text) && measured(text) === null,
    );
    return words.length === texts.length && new Set(words).size >= Math.ceil(texts.length * 0.6);
  });
  return (
    named.find(({ cells }) => [...cells.values()].some((it) => ofName(asText(it) ?? ''))) ?? named[0] ?? null
  );
}

export interface IdentityGuess extends Guess<IdentitySource> {
  readonly field: 'model' | 'version' | 'serial';
}

/** Scalars whose text looks like a version or a serial number, or repeats a word of sysDescr that looks like a model. */
export function guessIdentity(scalars: readonly WalkObject[], sysDescr: string): IdentityGuess[] {
  const guesses: IdentityGuess[] = [];
  const add = (field: IdentityGuess['field'], oid: string, why: string) => {
    if (!guesses.some((it) => it.field === field)) guesses.push({ field, source: { oid }, why });
  };
  for (const { oid, value } of scalars) {
    const text = value.type === 'octets' ? asText(value) : null;
    if (text === null || text.length > 40 || measured(text) !== null) continue;
    const inDescr = sysDescr.includes(text);
    if (/^v?\d+\.\d+(?:\.\w+)*(?:[-_]\w+)*$/i.test(text)) {
      if (inDescr || text.split('.').length > 2) add('version', oid, `"${text}" has the form of a version`);
    } else if (inDescr && /[A-Za-z]/.test(text) && /\d/.test(text) && text.length >= 4) {
      add('model', oid, `"${text}" stands in sysDescr too`);
    } else if (!inDescr && /^(?=(?:.*\d){5})(?=.*[A-Z])[A-Z0-9]{8,24}$/.test(text)) {
      add('serial', oid, `"${text}" has the form of a serial number`);
    }
  }
  return guesses;
}
