import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { ConflictError } from '@dotmac/schema';
import { type Kysely, sql } from 'kysely';

/** Something that only one may have. */
export interface Unique {
  /** Of the database. */
  readonly constraint: string;
  /** Where its rows are; they have an `id` and a `name`. */
  readonly table: 'alarm_rule' | 'address_pool' | 'device' | 'device_group' | 'nas' | 'site';
  readonly column: string;
  /** How people call it, such as `name`, and what has it, such as `NAS`. */
  readonly label: string;
  readonly holder: string;
  /** Path in the input, such as `input.name`. */
  readonly field: string;
  /** Stable code. */
  readonly reason: string;
}

/** A name that only one of a kind may have. */
export function uniqueName(table: Unique['table'], holder: string, reason = 'DUPLICATE_NAME'): Unique {
  const names = { table, column: 'name', label: 'name', holder, field: 'input.name' };
  return { ...names, constraint: `${table}_name_key`, reason };
}

/**
 * Runs a change. What is somebody else's already becomes a `ConflictError` that names the field and who has it.
 * @param change a transaction of its own: PostgreSQL has ended it when this looks for the holder.
 */
export async function unlessTaken<Result>(
  database: Kysely<TenantDatabase>,
  uniques: readonly Unique[],
  wanted: Readonly<Record<string, unknown>>,
  change: () => Promise<Result>,
): Promise<Result> {
  try {
    return await change();
  } catch (error) {
    const unique = uniques.find(({ constraint }) => constraint === violated(error));
    if (unique === undefined) throw error;
    throw await conflictOver(database, unique, wanted[unique.column]);
  }
}

/** The refusal of a value that is taken, naming who has it unless that has let it go since. */
export async function conflictOver(
  database: Executor<TenantDatabase>,
  { table, column, label, holder, field, reason }: Unique,
  value: unknown,
): Promise<ConflictError> {
  const { rows } = await sql<{ id: string; name: string }>`
    select id, name from ${sql.table(`network.${table}`)} where ${sql.ref(column)} = ${value}`.execute(
    database,
  );
  const [held] = rows;
  const who = held === undefined ? `another ${holder}` : `the ${holder} "${held.name}" (${held.id})`;
  return new ConflictError(reason, `${field}: ${who} has the ${label} ${String(value)} already`, {
    field,
    holderId: held?.id ?? null,
  });
}

/** The constraint that a statement would have broken (23505, unique_violation); null for another failure. */
export function violated(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error) || error.code !== '23505') return null;
  return 'constraint' in error && typeof error.constraint === 'string' ? error.constraint : null;
}
