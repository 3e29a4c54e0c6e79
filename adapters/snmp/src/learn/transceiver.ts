import type { SensorSource } from '../profile/schema.ts';
import { asNumber } from '../reading.ts';
import type { WalkColumn } from './columns.ts';
import type { Guess } from './guessed.ts';

/** Supply of every pluggable module: 3.3 V (SFF-8472 §5), read within a tenth of it. */
const SUPPLY = [3.05, 3.6] as const;
const WARMTH = [5, 95] as const;
/** Milliamperes of a laser. */
const BIAS = [0.5, 150] as const;
const SENT = [-12, 9] as const;
const RECEIVED = [-45, 9] as const;

/**
 * A table of optical modules without names or units: the diagnostics of SFF-8472 stand in it in that document's order,
 * temperature, voltage, bias, transmitted and received power, and the voltage is always 3.3 V. Powers are taken when
 * they are in decibels, which shows in their sign.
 */
export function guessTransceivers(columns: readonly WalkColumn[]): Guess<SensorSource>[] {
  for (let at = 1; at < columns.length; at++) {
    const voltage = columns[at] as WalkColumn;
    const supply = divisorOf(voltage, [1, 10, 100, 1000, 10_000], SUPPLY);
    const before = columns[at - 1] as WalkColumn;
    const warmth = divisorOf(before, [1, 10, 100, 256, 1000], WARMTH);
    if (supply === null || warmth === null) continue;
    const why = `${voltage.oid} is the 3.3 V of optical modules; columns in the order of SFF-8472`;
    const guess = (kind: string, column: WalkColumn, name: string, divisor: number) => ({
      source: {
        class: kind,
        column: column.oid,
        name: `transceiver {index} ${name}`.trim(),
        divisor,
        absent: [0],
      },
      why,
    });
    const [bias, sent, received] = columns.slice(at + 1, at + 4);
    const current = bias === undefined ? null : divisorOf(bias, [1, 10, 100, 500, 1000], BIAS);
    if (bias === undefined || current === null) continue;
    const scale = sent === undefined ? null : divisorOf(sent, [1, 10, 100, 1000, 10_000], SENT);
    const inDecibels = [sent, received].some(
      (column) => column !== undefined && numbers(column).some((it) => it < 0),
    );
    const powers =
      scale === null || !inDecibels
        ? []
        : [sent, received].flatMap((column, i) =>
            column === undefined || divisorOf(column, [scale], i === 0 ? SENT : RECEIVED) === null
              ? []
              : [guess('dbm', column, i === 0 ? 'transmit' : 'receive', scale)],
          );
    // Whole volts or tenths of them may be anything.
    if (powers.length === 0 && supply < 100) continue;
    return [
      guess('temperature', before, '', warmth),
      guess('voltage', voltage, '', supply),
      guess('current', bias, 'bias', current * 1000),
      ...powers,
    ];
  }
  return [];
}

const numbers = ({ cells }: WalkColumn): number[] =>
  [...cells.values()].flatMap((cell) => asNumber(cell) ?? []).filter((it) => it !== 0);

/** The first divisor with which all of a column's numbers lie within the bounds; null when it has none or none fits. */
function divisorOf(
  column: WalkColumn,
  divisors: readonly number[],
  [low, high]: readonly [number, number],
): number | null {
  const real = numbers(column).filter((it) => Math.abs(it) < 1_000_000);
  if (real.length === 0 || real.length < column.cells.size / 4) return null;
  return divisors.find((it) => real.every((value) => value / it >= low && value / it <= high)) ?? null;
}
