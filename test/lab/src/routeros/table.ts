import { Trap } from './messages.ts';
import type { Menu } from './schema.ts';

/** A row as printed. `.id` is absent in menus of one row. */
export type Row = Record<string, string>;
export type Change = { readonly row: Row; readonly dead: boolean };

/** The rows of one menu, in the router's order. Values are kept as printed. */
export class Table {
  readonly menu: Menu;
  #rows: Row[] = [];
  #nextId: number;
  readonly #watchers = new Set<(change: Change) => void>();

  constructor(menu: Menu, firstId = 1) {
    this.menu = menu;
    this.#nextId = firstId;
  }

  get rows(): readonly Row[] {
    return this.#rows;
  }

  /** Adds a row under a fresh id; `before` is an id, null for the end. */
  insert(values: Row, before: string | null = null): Row {
    const id = `*${(this.#nextId++).toString(16).toUpperCase()}`;
    const row: Row = this.menu.single ? { ...values } : { '.id': id, ...values };
    const at = before === null ? this.#rows.length : this.#rows.indexOf(this.find(before));
    this.#rows.splice(at, 0, row);
    this.#announce({ row, dead: false });
    return row;
  }

  update(row: Row, values: Row): void {
    Object.assign(row, values);
    this.#announce({ row, dead: false });
  }

  unset(row: Row, field: string): void {
    delete row[field];
    this.#announce({ row, dead: false });
  }

  remove(row: Row): void {
    this.#rows = this.#rows.filter((other) => other !== row);
    this.#announce({ row, dead: true });
  }

  move(row: Row, before: string | null): void {
    const rest = this.#rows.filter((other) => other !== row);
    const at = before === null ? rest.length : rest.indexOf(this.find(before));
    this.#rows = rest.toSpliced(at, 0, row);
    this.#announce({ row, dead: false });
  }

  /** By id, or by name where rows have one. @throws Trap `no such item` */
  find(reference: string): Row {
    const row = this.#rows.find((one) => one['.id'] === reference || one.name === reference);
    if (row === undefined) throw new Trap(reference.startsWith('*') ? 'no such item (4)' : 'no such item');
    return row;
  }

  /** Calls back for every change until the returned function is called. */
  watch(watcher: (change: Change) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  #announce(change: Change): void {
    for (const watcher of this.#watchers) watcher(change);
  }
}

/** A 64-bit counter that grows with the clock and never falls. */
export class Counter {
  #value: bigint;
  #perSecond: bigint;
  #since: number;

  constructor(now: number, bitsPerSecond: bigint, value = 0n) {
    this.#value = value;
    this.#perSecond = bitsPerSecond / 8n;
    this.#since = now;
  }

  /** Octets so far. */
  read(now: number): bigint {
    return this.#value + (this.#perSecond * BigInt(Math.max(0, Math.floor(now - this.#since)))) / 1000n;
  }

  /** Goes on at another rate. */
  setRate(now: number, bitsPerSecond: bigint): void {
    this.#value = this.read(now);
    this.#perSecond = bitsPerSecond / 8n;
    this.#since = now;
  }

  get bitsPerSecond(): bigint {
    return this.#perSecond * 8n;
  }
}
