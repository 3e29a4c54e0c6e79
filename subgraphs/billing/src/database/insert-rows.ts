import { type ArrayValue, type BinaryType, binaryArray } from '@dotmac/platform';
import { type QueryExecutorProvider, type RawBuilder, sql } from 'kysely';

/** PostgreSQL types of the columns that are written in bulk. */
type ColumnType = BinaryType | 'numeric' | 'jsonb';

/**
 * Inserts any number of rows with one statement and one parameter per column, so that the cost per row is the
 * database's own. A column that is the same in every row is sent once. `columns` maps names (snake case) to types;
 * values of `jsonb` are JSON text, values of `date` ISO text or days since 1970-01-01.
 */
export async function insertRows<C extends string>(
  transaction: QueryExecutorProvider,
  table: string,
  columns: Readonly<Record<C, ColumnType>>,
  rows: readonly Readonly<Record<C, ArrayValue>>[],
): Promise<void> {
  const [first] = rows;
  if (first === undefined) return;
  const names = Object.keys(columns) as C[];
  const arrays: RawBuilder<unknown>[] = [];
  const unnested: RawBuilder<unknown>[] = [];
  const picked = names.map((name) => {
    const type = columns[name];
    const same = rows.every((row) => row[name] === first[name]);
    if (same) return constant(type, first[name]);
    const [sent, values] = wire(
      type,
      rows.map((row) => row[name]),
    );
    arrays.push(sql`${binaryArray(sent, values)}::${sql.raw(sent)}[]`);
    unnested.push(sql.raw(name));
    return sql.raw(sent === type ? name : `${name}::${type}`);
  });
  const source =
    arrays.length === 0
      ? sql`generate_series(1, ${rows.length}::int)`
      : sql`unnest(${sql.join(arrays)}) as new (${sql.join(unnested)})`;
  await sql`
    insert into ${sql.raw(table)} (${sql.join(names.map((name) => sql.raw(name)))})
    select ${sql.join(picked)} from ${source}`.execute(transaction);
}

function constant(type: ColumnType, value: ArrayValue): RawBuilder<unknown> {
  if (type === 'date' && typeof value === 'number') return sql`(date '1970-01-01' + ${value}::int)`;
  return sql`${typeof value === 'bigint' ? `${value}` : value}::${sql.raw(type)}`;
}

/** How a column travels, for a cast in the statement: an array of jsonb would be parsed twice, one of numeric has no short form. */
function wire(type: ColumnType, values: readonly ArrayValue[]): readonly [BinaryType, readonly ArrayValue[]] {
  if (type === 'jsonb') return ['text', values];
  if (type !== 'numeric') return [type, values];
  return [values.every((value) => value === null || fitsBigint(value)) ? 'bigint' : 'text', values];
}

const fitsBigint = (value: ArrayValue): boolean =>
  typeof value === 'bigint' && BigInt.asIntN(64, value) === value;
