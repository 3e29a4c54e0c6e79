/** Tables of FreeRADIUS and daloRADIUS that are understood, with their columns where a dump does not name them. */
const importTables = {
  radcheck: ['id', 'username', 'attribute', 'op', 'value'],
  radreply: ['id', 'username', 'attribute', 'op', 'value'],
  radusergroup: ['username', 'groupname', 'priority'],
  radgroupcheck: ['id', 'groupname', 'attribute', 'op', 'value'],
  radgroupreply: ['id', 'groupname', 'attribute', 'op', 'value'],
  nas: ['id', 'nasname', 'shortname', 'type', 'ports', 'secret', 'server', 'community', 'description'],
} as const;
export type ImportTable = keyof typeof importTables;

export function isImportTable(name: string): name is ImportTable {
  return Object.hasOwn(importTables, name);
}

export interface TableRow {
  readonly table: ImportTable;
  /** Where it begins in what was given, from 1. */
  readonly line: number;
  readonly values: ReadonlyMap<string, string | null>;
}
export interface RowError {
  readonly table: string;
  readonly line: number;
  readonly message: string;
}
export interface ReadTables {
  readonly rows: readonly TableRow[];
  readonly errors: readonly RowError[];
}

/** Reads one table as CSV (RFC 4180) with a line of column names. */
export function readCsv(table: ImportTable, text: string): ReadTables {
  const rows: TableRow[] = [];
  const errors: RowError[] = [];
  const reader = new Reader(text);
  let columns: string[] | null = null;
  while (!reader.atEnd) {
    const { line } = reader;
    const fields = reader.csvRecord();
    if (fields === null) {
      return { rows, errors: [...errors, { table, line, message: 'A quoted field does not end' }] };
    }
    if (fields.length === 1 && fields[0] === '') continue;
    if (columns === null) {
      columns = fields.map((field) => field.trim().toLowerCase());
      continue;
    }
    const row = rowOf(table, line, columns, fields);
    if ('message' in row) errors.push(row);
    else rows.push(row);
  }
  if (columns === null) errors.push({ table, line: 1, message: 'There is no line of column names' });
  return { rows, errors };
}

/** Reads the `INSERT`s and `COPY`s of these tables in a dump of MySQL or PostgreSQL; everything else is passed over. */
export function readSqlDump(text: string): ReadTables {
  const rows: TableRow[] = [];
  const errors: RowError[] = [];
  const statement =
    /^[ \t]*(?:INSERT\s+(?:IGNORE\s+)?INTO|COPY)\s+(?:[`"]?\w+[`"]?\.)?[`"]?(\w+)[`"]?\s*(?:\(([^)]*)\))?\s*(VALUES|FROM\s+stdin)\s*/gim;
  const reader = new Reader(text);
  for (let found = statement.exec(text); found !== null; found = statement.exec(text)) {
    const [whole, name = '', list, kind = ''] = found;
    const table = name.toLowerCase();
    if (!isImportTable(table)) continue;
    const columns =
      list?.split(',').map((column) => column.trim().replaceAll(/[`"]/g, '').toLowerCase()) ?? null;
    reader.moveTo(found.index + whole.length);
    const tuples = /values/i.test(kind) ? reader.tuples() : reader.copyLines();
    for (const { line, fields } of tuples) {
      if (fields === null) {
        errors.push({ table, line, message: 'A value cannot be read: a quote or bracket does not end' });
        continue;
      }
      const row = rowOf(table, line, columns ?? columnsFor(table, fields.length), fields);
      if ('message' in row) errors.push(row);
      else rows.push(row);
    }
    statement.lastIndex = reader.position;
  }
  return { rows, errors };
}

/** Newer schemas give radusergroup an id, which comes first. */
function columnsFor(table: ImportTable, count: number): readonly string[] {
  const columns = importTables[table];
  return count === columns.length + 1 && columns[0] !== 'id' ? ['id', ...columns] : columns;
}

function rowOf(
  table: ImportTable,
  line: number,
  columns: readonly string[],
  fields: readonly (string | null)[],
): TableRow | RowError {
  if (columns.length !== fields.length)
    return {
      table,
      line,
      message: `${fields.length} values for ${columns.length} columns (${columns.join(', ')})`,
    };
  return { table, line, values: new Map(columns.map((column, at) => [column, fields[at] ?? null])) };
}

/** Goes through text once, counting lines. */
class Reader {
  readonly #text: string;
  #at = 0;
  #line = 1;

  constructor(text: string) {
    this.#text = text;
  }

  get atEnd(): boolean {
    return this.#at >= this.#text.length;
  }
  get line(): number {
    return this.#line;
  }
  get position(): number {
    return this.#at;
  }

  moveTo(position: number): void {
    while (this.#at < position) this.#next();
  }

  #peek(): string {
    return this.#text[this.#at] ?? '';
  }

  #next(): string {
    const character = this.#peek();
    this.#at++;
    if (character === '\n') this.#line++;
    return character;
  }

  /** Null when a quoted field does not end. */
  csvRecord(): string[] | null {
    const fields: string[] = [];
    let field = '';
    for (;;) {
      const character = this.#next();
      if (character === '"' && field === '') {
        const quoted = this.#quoted('"', false);
        if (quoted === null) return null;
        field = quoted;
      } else if (character === ',') {
        fields.push(field);
        field = '';
      } else if (character === '\n' || character === '') {
        return [...fields, field.replace(/\r$/, '')];
      } else field += character;
    }
  }

  /** `(1, 'a', NULL), (…);` */
  *tuples(): Generator<{ line: number; fields: (string | null)[] | null }> {
    for (;;) {
      this.#skipBlanks();
      if (this.#peek() !== '(') return;
      const { line } = this;
      this.#next();
      const fields = this.#tuple();
      yield { line, fields };
      if (fields === null) return;
      this.#skipBlanks();
      if (this.#peek() !== ',') return;
      this.#next();
    }
  }

  /** Lines of values with tabs between, until `\.` (PostgreSQL, COPY). */
  *copyLines(): Generator<{ line: number; fields: (string | null)[] | null }> {
    while (!this.atEnd && this.#next() !== '\n');
    while (!this.atEnd) {
      const { line } = this;
      let content = '';
      while (!this.atEnd && this.#peek() !== '\n') content += this.#next();
      this.#next();
      if (content.replace(/\r$/, '') === '\\.') return;
      yield {
        line,
        fields: content.split('\t').map((value) => (value === '\\N' ? null : unescaped(value))),
      };
    }
  }

  #tuple(): (string | null)[] | null {
    const fields: (string | null)[] = [];
    for (;;) {
      this.#skipBlanks();
      const character = this.#peek();
      if (character === "'") {
        this.#next();
        const text = this.#quoted("'", true);
        if (text === null) return null;
        fields.push(text);
      } else {
        let word = '';
        while (!this.atEnd && !/[,()\n;]/.test(this.#peek())) word += this.#next();
        if (word.trim() === '') return null;
        fields.push(/^null$/i.test(word.trim()) ? null : word.trim());
      }
      this.#skipBlanks();
      const end = this.#next();
      if (end === ')') return fields;
      if (end !== ',') return null;
    }
  }

  /** After the opening quote; a doubled quote is one, and in SQL a backslash takes the next character as it is. */
  #quoted(quote: string, backslashes: boolean): string | null {
    let text = '';
    while (!this.atEnd) {
      const character = this.#next();
      if (backslashes && character === '\\') text += escapes[this.#peek()] ?? this.#peek();
      if (backslashes && character === '\\') {
        this.#next();
        continue;
      }
      if (character !== quote) {
        text += character;
        continue;
      }
      if (this.#peek() !== quote) return text;
      text += this.#next();
    }
    return null;
  }

  #skipBlanks(): void {
    while (!this.atEnd && /\s/.test(this.#peek())) this.#next();
  }
}

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '0': '\0' };

function unescaped(value: string): string {
  return value.replaceAll(/\\(.)/g, (_, character: string) => escapes[character] ?? character);
}
