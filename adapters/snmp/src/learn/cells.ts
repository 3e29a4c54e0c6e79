import type { SnmpValue } from '../codec/value.ts';
import { asNumber, asText } from '../reading.ts';
import type { WalkColumn } from './columns.ts';
import { measured, ofName } from './quantity.ts';

/** The numbers of a column; null when one of its cells is none, or all are an arc of their index. */
export function numbersOf({ cells }: WalkColumn): number[] | null {
  const numbers = [...cells.values()].map((cell) => (cell.type === 'octets' ? asNumber(cell) : number(cell)));
  if (numbers.length === 0 || numbers.some((it) => it === null)) return null;
  const arcs = [...cells.keys()].map((index) => index.split('.'));
  const own = arcs[0]?.some((_, at) => arcs.every((index, i) => index[at] === String(numbers[i])));
  return own && numbers.length > 1 ? null : (numbers as number[]);
}

const number = (cell: SnmpValue) => (cell.type === 'timeTicks' ? null : asNumber(cell));

/** The column that names the rows: text with letters, most of it distinct. Null when there is none. */
export function nameColumn(columns: readonly WalkColumn[]): WalkColumn | null {
  const named = columns.filter(({ cells }) => {
    const texts = [...cells.values()].map((cell) => (cell.type === 'octets' ? asText(cell) : null));
    const words = texts.filter(
      (text) => text !== null && /[A-Za-z]{2}/.test(text) && measured(text) === null,
    );
    // Names may come again in each unit of a stack, when they are those of quantities.
    const distinct = new Set(words).size;
    const measures = distinct > 1 && words.every((text) => ofName(text ?? '') !== null);
    return words.length === texts.length && (measures || distinct >= Math.ceil(texts.length * 0.6));
  });
  return (
    named.find(({ cells }) => [...cells.values()].some((it) => ofName(asText(it) ?? ''))) ?? named[0] ?? null
  );
}
