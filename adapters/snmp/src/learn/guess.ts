import type { SensorSource } from '../profile/schema.ts';
import { asNumber, asText } from '../reading.ts';
import { nameColumn, numbersOf } from './cells.ts';
import type { WalkColumn, WalkTable } from './columns.ts';
import type { Guess, Guesses, Undecided } from './guessed.ts';
import { commonDivisor, divisorFor, measured, ofName, ofUnit } from './quantity.ts';
import { guessTransceivers } from './transceiver.ts';
import { guessByKinds, guessByUnits } from './units.ts';

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
  const byUnit = guessByUnits(columns, name) ?? guessByKinds(columns);
  if (byUnit !== null) return { sensors: [byUnit], undecided: [] };
  const modules = guessTransceivers(columns);
  if (modules.length > 0) return { sensors: modules, undecided: [] };
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
    const all = names.flatMap(({ index, text, quantity }) => {
      const value = asNumber(column.cells.get(index));
      return value === null ? [] : [{ quantity, name: text, value }];
    });
    const shared = commonDivisor(all);
    const fits = classes.map((quantity) => {
      const rows = names
        .filter((it) => it.quantity === quantity)
        .flatMap(({ index, text }) => {
          const value = asNumber(column.cells.get(index));
          return value === null ? [] : [{ name: text, value }];
        });
      return {
        quantity,
        found: shared ?? divisorFor(quantity, rows),
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
