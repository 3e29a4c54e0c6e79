import { BerError, type BerReader } from './ber.ts';
import type { OidBytes } from './oid.ts';
import { decodeValue, type SnmpValue } from './value.ts';

/** A variable binding. `oid` is a view of the datagram; `decodeOid` gives its dotted form. */
export interface Varbind {
  readonly oid: OidBytes;
  readonly value: SnmpValue;
}

/**
 * The variable bindings of a received PDU where they stand in the datagram, and a place among them. Their structure has
 * been checked; a value is decoded when asked for, so that whoever reads a table copies nothing and keeps what it wants.
 */
export class VarbindList {
  readonly buffer: Buffer;
  readonly length: number;
  /** The OID's content at this place; likewise the value's tag, where that stands, and its content. */
  oidStart = 0;
  oidLength = 0;
  tag = 0;
  tagStart = 0;
  valueStart = 0;
  valueLength = 0;
  readonly #reader: BerReader;
  readonly #start: number;
  readonly #end: number;
  #next: number;

  /** Passes the list (RFC 3416 §3, VarBindList) at the reader. Throws `BerError` for a bad structure. */
  constructor(reader: BerReader) {
    this.buffer = reader.buffer;
    this.#reader = reader;
    const listLength = reader.header(0x30);
    this.#start = reader.offset;
    this.#end = reader.offset + listLength;
    this.#next = this.#start;
    let length = 0;
    while (this.next()) length++;
    this.length = length;
    this.rewind();
    reader.offset = this.#end;
  }

  /** Goes before the first binding. */
  rewind(): void {
    this.#next = this.#start;
  }

  /** Goes to the next binding; false behind the last. */
  next(): boolean {
    const at = this.#next;
    if (at >= this.#end) return false;
    const { buffer } = this;
    const item = shortLength(buffer, at, this.#end, 0x30);
    const end = at + 2 + item;
    const oid = item < 0 ? -1 : shortLength(buffer, at + 2, end, 0x06);
    const valueAt = at + 4 + oid;
    const value = oid < 0 ? -1 : shortLength(buffer, valueAt, end, -1);
    if (value < 0) {
      this.#nextLong(at);
      return true;
    }
    this.oidStart = at + 4;
    this.oidLength = oid;
    this.tag = buffer[valueAt] as number;
    this.tagStart = valueAt;
    this.valueStart = valueAt + 2;
    this.valueLength = value;
    this.#next = end;
    return true;
  }

  /** A binding with long lengths, or a wrong one: with all care. */
  #nextLong(at: number): void {
    const reader = this.#reader;
    reader.offset = at;
    const item = reader.enter(0x30);
    if (reader.offset > this.#end) throw new BerError('a variable binding passes the end of its list');
    this.oidLength = item.header(0x06);
    this.oidStart = item.offset;
    item.offset += this.oidLength;
    this.tag = item.peekTag();
    this.tagStart = item.offset;
    this.valueLength = item.header();
    this.valueStart = item.offset;
    this.#next = reader.offset;
  }

  oid(): OidBytes {
    return this.buffer.subarray(this.oidStart, this.oidStart + this.oidLength);
  }

  /** A bad value, or any value of an OID that is cut short, is `malformed`. */
  value(): SnmpValue {
    const { buffer, oidStart, oidLength } = this;
    if (oidLength > 0 && (buffer[oidStart + oidLength - 1] as number) & 0x80) {
      const raw = buffer.subarray(oidStart, oidStart + oidLength);
      return { type: 'malformed', reason: 'its OID is cut short', raw };
    }
    return decodeValue(buffer, this.tag, this.valueStart, this.valueLength);
  }

  toArray(): Varbind[] {
    this.rewind();
    const all: Varbind[] = [];
    while (this.next()) all.push({ oid: this.oid(), value: this.value() });
    return all;
  }
}

/** Length of an element with the tag wanted (any when negative) and a one-octet length that ends in time; else -1. */
function shortLength(buffer: Buffer, at: number, end: number, tag: number): number {
  if (at + 2 > end || (tag >= 0 && buffer[at] !== tag)) return -1;
  const length = buffer[at + 1] as number;
  return length < 0x80 && at + 2 + length <= end ? length : -1;
}
