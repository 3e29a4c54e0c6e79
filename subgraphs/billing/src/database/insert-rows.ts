import { type QueryExecutorProvider, sql } from 'kysely';

/** PostgreSQL types of the columns that are written in bulk. */
type ColumnType = 'text' | 'int' | 'bigint' | 'numeric' | 'date' | 'timestamptz' | 'jsonb';
type Value = string | number | bigint | Date | null;

/**
 * Inserts any number of rows with one statement and one parameter per column, so that the cost per row is the
 * database's own. `columns` maps names (snake case) to types; values of `jsonb` are JSON text.
 */
export async function insertRows<C extends string>(
  transaction: QueryExecutorProvider,
  table: string,
  columns: Readonly<Record<C, ColumnType>>,
  rows: readonly Readonly<Record<C, Value>>[],
): Promise<void> {
  if (rows.length === 0) return;
  const names = Object.keys(columns) as C[];
  const arrays = names.map((name) => {
    const type = columns[name];
    const values = arrayLiteral(
      type,
      rows.map((row) => row[name]),
    );
    // An array of jsonb is parsed twice; as text it is parsed once, on its way into the row.
    return sql`${values}::${sql.raw(type === 'jsonb' ? 'text' : type)}[]`;
  });
  const picked = names.map((name) => sql.raw(columns[name] === 'jsonb' ? `${name}::jsonb` : name));
  const list = sql.join(names.map((name) => sql.raw(name)));
  await sql`
    insert into ${sql.raw(table)} (${list})
    select ${sql.join(picked)} from unnest(${sql.join(arrays)}) as new (${list})`.execute(transaction);
}

/**
 * The text form of an array (PostgreSQL manual, "Array Input and Output Syntax"). Written here because the driver's
 * own escapes every element by two regular expressions, which costs more than the rules that computed it.
 */
export function arrayLiteral(type: ColumnType, values: readonly Value[]): string {
  const element = type === 'jsonb' ? jsonElement : type === 'text' ? quotedElement : plainElement;
  return `{${values.map(element).join(',')}}`;
}

/** JSON text has no control characters of its own, and without them JSON escapes text just as an array does. */
function jsonElement(value: Value): string {
  return value === null ? 'NULL' : JSON.stringify(`${value}`);
}

/** Numbers and dates hold nothing that needs a quote. */
function plainElement(value: Value): string {
  if (value === null) return 'NULL';
  return value instanceof Date ? value.toISOString() : `${value}`;
}

function quotedElement(value: Value): string {
  if (value === null) return 'NULL';
  const text = value instanceof Date ? value.toISOString() : `${value}`;
  return /["\\]/.test(text) ? `"${text.replaceAll(/["\\]/g, '\\$&')}"` : `"${text}"`;
}
