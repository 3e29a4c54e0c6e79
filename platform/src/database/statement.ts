import { CompiledQuery, type QueryExecutorProvider } from 'kysely';
import { type ArrayValue, type BinaryType, binaryArray } from './binary-array.ts';

/**
 * The values of a statement that is written as text: for what runs thousands of times a second, where the query builder would
 * cost more than the rows.
 */
export class StatementValues {
  readonly #values: unknown[] = [];

  /** @returns how the text refers to the value, `$1` */
  add(value: unknown): string {
    return `$${this.#values.push(value)}`;
  }

  /** @returns how the text refers to an array of `type`, one element per row, with its cast */
  array<T>(type: BinaryType, rows: readonly T[], pick: (row: T) => ArrayValue): string {
    return `$${this.#values.push(binaryArray(type, rows.map(pick)))}::${type}[]`;
  }

  /** Runs the text with these values. @throws what the database throws */
  async run<R>(database: QueryExecutorProvider, text: string): Promise<readonly R[]> {
    const { rows } = await database.getExecutor().executeQuery<R>(CompiledQuery.raw(text, this.#values));
    return rows;
  }
}
