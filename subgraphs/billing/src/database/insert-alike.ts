import { type ArrayValue, type BinaryType, binaryArray } from '@dotmac/platform';
import { type QueryExecutorProvider, sql } from 'kysely';

/** A column that many rows say alike: how it travels, what becomes of it in the statement, and its value. */
export interface AlikeColumn<S> {
  readonly type: BinaryType;
  /** SQL over its name and the columns of the row's own, `own.…`; the column itself when left out. */
  readonly as?: string;
  readonly of: (said: S) => ArrayValue;
}

/** The rows of one statement: a value per row in each array. */
export interface AlikeRows<S> {
  readonly own: Readonly<
    Record<string, { readonly type: BinaryType; readonly values: readonly ArrayValue[] }>
  >;
  /** What each row says; that of rows which say the same is one object. */
  readonly said: readonly S[];
}

/**
 * Inserts any number of rows with one statement. What many of them say is sent once, and joined to what is each row's own
 * by the database: most of a mass run is the same again and again. Names are snake case.
 */
export async function insertAlike<S extends object>(
  transaction: QueryExecutorProvider,
  table: string,
  columns: Readonly<Record<string, AlikeColumn<S>>>,
  { own, said }: AlikeRows<S>,
): Promise<void> {
  if (said.length === 0) return;
  const place = new Map<S, number>();
  for (const one of said) if (!place.has(one)) place.set(one, place.size + 1);
  const different = [...place.keys()];
  const array = (type: BinaryType, values: readonly ArrayValue[]) =>
    sql`${binaryArray(type, values)}::${sql.raw(type)}[]`;
  const owned = Object.entries(own);
  const shared = Object.entries(columns);
  const listed = (names: readonly string[]) => sql.raw(names.join(', '));
  const ownNames = owned.map(([name]) => name);
  const names = shared.map(([name]) => name);
  await sql`
    insert into ${sql.raw(table)} (${listed([...ownNames, ...names])})
    select ${listed([...ownNames.map((name) => `own.${name}`), ...shared.map(([name, { as }]) => as ?? name)])}
    from unnest(${sql.join(owned.map(([, { type, values }]) => array(type, values)))},
        ${array(
          'int',
          said.map((one) => place.get(one) ?? 0),
        )}) as own (${listed([...ownNames, 'place'])})
      join unnest(${sql.join(shared.map(([, { type, of }]) => array(type, different.map(of))))})
        with ordinality as said (${listed([...names, 'place'])}) on said.place = own.place`.execute(
    transaction,
  );
}
