import { compareOids, decodeIndex, decodeOid, isBelow, type OidBytes } from '../codec/oid.ts';
import { decodeElement, type SnmpValue } from '../codec/value.ts';
import type { VarbindList } from '../codec/varbinds.ts';
import type { Row, TableResult } from './table.ts';

const NO_SUCH_OBJECT = 0x80;
const NO_SUCH_INSTANCE = 0x81;
const END_OF_MIB_VIEW = 0x82;
/** More than there are octets in a reply, those that never were a datagram included. */
const PLACES = 1_048_576;
const NO_CELL = -1;
const NO_INDEX = -1;
/** An index of one arc of up to 28 bit, which is nearly every one, is compared and looked up as a number. */
const MOST_SHORT_OCTETS = 4;

/** A column and how far it was read. */
export class Column {
  readonly position: number;
  readonly prefix: OidBytes;
  done = false;
  /** The last index as a number; -1 before the first, NaN when it is none of one short arc. */
  lastArc = NO_INDEX;
  #buffer: Uint8Array;
  #start = 0;
  #length: number;

  constructor(position: number, prefix: OidBytes) {
    this.position = position;
    this.prefix = prefix;
    this.#buffer = prefix;
    this.#length = prefix.length;
  }

  /** The last OID, or the column's own before the first. */
  get last(): OidBytes {
    return this.#buffer.subarray(this.#start, this.#start + this.#length);
  }

  moveTo(buffer: Uint8Array, start: number, length: number, arc: number): void {
    this.#buffer = buffer;
    this.#start = start;
    this.#length = length;
    this.lastArc = arc;
  }

  /** The index below this column when it is one short arc, without touching anything but octets; else NaN. */
  shortIndex(buffer: Uint8Array, start: number, length: number): number {
    const { prefix } = this;
    const own = prefix.length;
    const octets = length - own;
    if (octets < 1 || octets > MOST_SHORT_OCTETS) return Number.NaN;
    for (let i = 0; i < own; i++) if (buffer[start + i] !== prefix[i]) return Number.NaN;
    const end = start + length;
    let arc = 0;
    for (let i = start + own; i < end - 1; i++) {
      const octet = buffer[i] as number;
      if (octet < 0x80) return Number.NaN;
      arc = arc * 128 + (octet & 0x7f);
    }
    const last = buffer[end - 1] as number;
    return last < 0x80 ? arc * 128 + last : Number.NaN;
  }
}

/**
 * The rows and the columns of a walk under way. Until its end a cell is only the place of its value in the replies:
 * hundreds of walks wait for their agents at once, and what they hold meanwhile is what the garbage collector copies.
 */
export class TableWalk {
  readonly columns: readonly Column[];
  readonly #replies: Buffer[] = [];
  /** Row by row, `reply * PLACES + offset of the value's tag`; -1 where there is none. */
  readonly #cells: number[] = [];
  /** The same for the companion of each row. */
  readonly #companions: number[] = [];
  /** Rows by index: as a number where it is one short arc, else as text. */
  readonly #rows = new Map<number | string, number>();
  #row = 0;
  #rowArc = NO_INDEX;
  readonly #warnings: string[] = [];
  #complete = true;
  packets = 0;
  octets = 0;

  constructor(prefixes: readonly OidBytes[]) {
    this.columns = prefixes.map((prefix, position) => new Column(position, prefix));
  }

  get rowCount(): number {
    return this.#companions.length;
  }

  /** Takes a reply: `first` companions, then the columns asked for in turn. */
  take(active: readonly Column[], list: VarbindList, first: number): void {
    const { buffer } = list;
    const reply = this.#replies.push(buffer) * PLACES - PLACES;
    list.rewind();
    let companion = NO_CELL;
    for (let i = 0; i < first && list.next(); i++) companion = reply + list.tagStart;
    const width = active.length;
    let turn = 0;
    while (list.next()) {
      const column = active[turn] as Column;
      turn = turn + 1 === width ? 0 : turn + 1;
      if (column.done) continue;
      const { tag } = list;
      if (tag === END_OF_MIB_VIEW) {
        column.done = true;
        continue;
      }
      const { oidStart, oidLength } = list;
      const arc = column.shortIndex(buffer, oidStart, oidLength);
      // False for NaN on either side: those are compared with all care.
      if (arc > column.lastArc) {
        column.moveTo(buffer, oidStart, oidLength, arc);
        if (tag === NO_SUCH_OBJECT || tag === NO_SUCH_INSTANCE) continue;
        if (arc !== this.#rowArc) {
          this.#row = this.#rowOf(arc, companion);
          this.#rowArc = arc;
        }
        this.#cells[this.#row + column.position] = reply + list.tagStart;
      } else {
        const index = this.#carefully(column, list);
        // Agents have been seen to return an exception in the middle of a table; there is nothing to keep.
        if (index === null || tag === NO_SUCH_OBJECT || tag === NO_SUCH_INSTANCE) continue;
        this.#cells[this.#rowOf(index, companion) + column.position] = reply + list.tagStart;
      }
    }
  }

  /** The index of any form, or null when the column has come to an end. */
  #carefully(column: Column, list: VarbindList): number | string | null {
    const oid = list.oid();
    // Before the end of the column is believed: an agent that jumps back has not come to it.
    if (compareOids(oid, column.last) <= 0) {
      this.cut(column, 'the agent returned object identifiers that do not increase');
      return null;
    }
    if (!isBelow(oid, column.prefix)) {
      column.done = true;
      return null;
    }
    const index = decodeIndex(oid, column.prefix.length);
    if (index === null) {
      this.cut(column, 'the agent returned an object identifier that is none');
      return null;
    }
    column.moveTo(list.buffer, list.oidStart, oid.length, Number.NaN);
    const arc = column.shortIndex(list.buffer, list.oidStart, oid.length);
    return Number.isNaN(arc) ? index : arc;
  }

  /** Where the cells of a row begin. */
  #rowOf(index: number | string, companion: number): number {
    let row = this.#rows.get(index);
    if (row === undefined) {
      row = this.#cells.length;
      this.#rows.set(index, row);
      this.#companions.push(companion);
      for (let i = this.columns.length; i > 0; i--) this.#cells.push(NO_CELL);
    }
    return row;
  }

  /** Ends one column before its end. */
  cut(column: Column, reason: string): void {
    column.done = true;
    this.#complete = false;
    this.#warnings.push(`${decodeOid(column.prefix)}: ${reason}; rows before are kept`);
  }

  /** Ends the walk before its end. */
  stop(reason: string): void {
    this.#complete = false;
    const open = this.columns.filter((column) => !column.done).map((column) => decodeOid(column.prefix));
    this.#warnings.push(`${open.join(', ')}: ${reason}; rows before are kept`);
  }

  result(): TableResult {
    const rows = new Map<string, Row>();
    const companions = new Map<string, SnmpValue>();
    let malformed = 0;
    for (const [index, first] of this.#rows) {
      const row: (SnmpValue | undefined)[] = [];
      for (let i = 0; i < this.columns.length; i++) {
        const value = this.#valueAt(this.#cells[first + i] as number);
        if (value?.type === 'malformed') malformed++;
        row.push(value);
      }
      rows.set(`${index}`, row);
      const companion = this.#valueAt(this.#companions[first / this.columns.length] as number);
      if (companion !== undefined) companions.set(`${index}`, companion);
    }
    const warnings = [...this.#warnings];
    if (malformed > 0) warnings.push(`${malformed} values were malformed and left out`);
    const { packets, octets } = this;
    return { rows, companions, complete: this.#complete, warnings, packets, octets };
  }

  #valueAt(place: number): SnmpValue | undefined {
    if (place === NO_CELL) return undefined;
    const reply = Math.floor(place / PLACES);
    return decodeElement(this.#replies[reply] as Buffer, place - reply * PLACES);
  }
}
