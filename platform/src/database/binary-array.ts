/** Types whose arrays are sent in binary, with the OIDs of their elements (`pg_type`). */
const elementOids = { text: 25, int: 23, bigint: 20, boolean: 16, date: 1082, timestamptz: 1184 } as const;
export type BinaryType = keyof typeof elementOids;
export type ArrayValue = string | number | bigint | boolean | Date | null;

/** PostgreSQL counts days and microseconds from 2000-01-01. */
const daysBefore2000 = 10_957;
const microsecondsBefore2000 = daysBefore2000 * 86_400_000_000;
const isoDay = /^\d{4}-\d{2}-\d{2}$/;

const header = 20;
const width = { int: 4, bigint: 8, boolean: 1, date: 4, timestamptz: 8 } as const;

/**
 * A one-dimensional array as `array_recv` reads it (PostgreSQL, src/backend/utils/adt/arrayfuncs.c): nothing is quoted
 * here and nothing is parsed there. A `date` is the number of days since 1970-01-01, or ISO text; a `timestamptz` a number
 * of milliseconds since then, a `Date` or ISO text.
 * @throws RangeError for a number that its type cannot hold, and for what is not a date.
 */
export function binaryArray(type: BinaryType, values: readonly ArrayValue[]): Buffer {
  return type === 'text' ? textArray(values) : fixedArray(type, values);
}

function begin(array: Buffer, type: BinaryType, count: number, hasNull: boolean): void {
  array.writeInt32BE(1, 0);
  array.writeInt32BE(hasNull ? 1 : 0, 4);
  array.writeInt32BE(elementOids[type], 8);
  array.writeInt32BE(count, 12);
  array.writeInt32BE(1, 16);
}

function textArray(values: readonly ArrayValue[]): Buffer {
  const plain = values.every((value) => value === null || typeof value === 'string');
  const texts = plain ? values : values.map((value) => (value === null ? null : textOf(value)));
  let [units, longest] = [0, 0];
  for (const text of texts) {
    if (text === null) continue;
    units += text.length;
    if (text.length > longest) longest = text.length;
  }
  // Enough for ASCII; three octets is the most that a UTF-16 unit becomes.
  const slack = 3 * longest + 4;
  let array = Buffer.allocUnsafe(header + units + 4 * texts.length + slack);
  let at = header;
  let hasNull = false;
  for (const text of texts) {
    if (array.length - at < slack) {
      const larger = Buffer.allocUnsafe(array.length * 2 + slack);
      array.copy(larger, 0, 0, at);
      array = larger;
    }
    if (text === null) {
      hasNull = true;
      at = array.writeInt32BE(-1, at);
      continue;
    }
    const length = array.write(text, at + 4);
    array.writeInt32BE(length, at);
    at += 4 + length;
  }
  begin(array, 'text', texts.length, hasNull);
  return array.subarray(0, at);
}

const textOf = (value: Exclude<ArrayValue, null>): string =>
  value instanceof Date ? value.toISOString() : `${value}`;

function fixedArray(type: keyof typeof width, values: readonly ArrayValue[]): Buffer {
  const size = width[type];
  const array = Buffer.allocUnsafe(header + values.length * (4 + size));
  let at = header;
  let hasNull = false;
  for (const value of values) {
    if (value === null) {
      hasNull = true;
      at = array.writeInt32BE(-1, at);
      continue;
    }
    at = array.writeInt32BE(size, at);
    if (type === 'int') at = array.writeInt32BE(Number(value), at);
    else if (type === 'date') at = array.writeInt32BE(dayNumber(value) - daysBefore2000, at);
    else if (type === 'timestamptz') at = writeTime(array, milliseconds(value), at);
    else if (type === 'boolean') at = array.writeUInt8(value === true ? 1 : 0, at);
    else if (typeof value === 'number') at = writeInteger(array, value, at);
    else at = array.writeBigInt64BE(integer(value), at);
  }
  begin(array, type, values.length, hasNull);
  return array.subarray(0, at);
}

/** Of 64 bits, without the detour over a bigint where a number holds it exactly. */
function writeInteger(array: Buffer, value: number, at: number): number {
  if (!Number.isSafeInteger(value)) return array.writeBigInt64BE(BigInt(value), at);
  const high = Math.floor(value / 2 ** 32);
  return array.writeUInt32BE(value - high * 2 ** 32, array.writeInt32BE(high, at));
}

/** Whole milliseconds stay exact beyond the year 2285, where their microseconds are too many for a number. */
function writeTime(array: Buffer, milliseconds: number, at: number): number {
  const microseconds = Math.round(milliseconds * 1000);
  if (Number.isSafeInteger(microseconds))
    return writeInteger(array, microseconds - microsecondsBefore2000, at);
  return array.writeBigInt64BE(BigInt(milliseconds) * 1000n - BigInt(microsecondsBefore2000), at);
}

function integer(value: Exclude<ArrayValue, null>): bigint {
  if (value instanceof Date || typeof value === 'boolean') throw new RangeError(`${value} is not an integer`);
  return BigInt(value);
}

function dayNumber(value: Exclude<ArrayValue, null>): number {
  if (typeof value === 'number') return value;
  const time = typeof value === 'string' && isoDay.test(value) ? Date.parse(value) : Number.NaN;
  // `Date` takes the 31st of February for a day of March.
  if (Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== value)
    throw new RangeError(`"${value}" is not a date; write YYYY-MM-DD`);
  return time / 86_400_000;
}

function milliseconds(value: Exclude<ArrayValue, null>): number {
  const time =
    typeof value === 'number' ? value : value instanceof Date ? value.getTime() : Date.parse(`${value}`);
  if (Number.isNaN(time)) throw new RangeError(`"${value}" is not a time`);
  return time;
}
