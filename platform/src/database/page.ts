import { type SelectQueryBuilder, type StringReference, sql } from 'kysely';

/** What a connection asks its store for. */
export interface Page<Key = string> {
  /** Only what comes behind, or before, the row with this key. */
  readonly after?: Key | undefined;
  readonly before?: Key | undefined;
  readonly limit: number;
  /** Read from the end, for a page that is counted from there. */
  readonly inverted: boolean;
}

/**
 * A page of a query by a unique column.
 * @example pageBy(db.selectFrom('network.alarm').selectAll(), 'id', 'desc', page) // newest first
 */
export function pageBy<DB, TB extends keyof DB, O>(
  query: SelectQueryBuilder<DB, TB, O>,
  column: StringReference<DB, TB> & string,
  direction: 'asc' | 'desc',
  { after, before, limit, inverted }: Page<string | bigint>,
): SelectQueryBuilder<DB, TB, O> {
  const key = sql<string | bigint>`${sql.ref(column)}`;
  const [behind, ahead] = direction === 'asc' ? (['>', '<'] as const) : (['<', '>'] as const);
  let page = query.limit(limit).orderBy(key, inverted === (direction === 'asc') ? 'desc' : 'asc');
  if (after !== undefined) page = page.where(key, behind, after);
  if (before !== undefined) page = page.where(key, ahead, before);
  return page;
}
