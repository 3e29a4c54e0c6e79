import { type RawBuilder, sql } from 'kysely';
import type pg from 'pg';

const mark = /^\s*\/\* prepared (\w+) \*\//;

/**
 * Marks a statement to be parsed and planned once per connection instead of every time; put it in front. For statements that
 * run all the time and whose text never varies. The name must be the statement's alone.
 */
export function prepared(name: string): RawBuilder<unknown> {
  return sql.raw(`/* prepared ${name} */`);
}

/** Lets a connection of the driver give marked statements a name, which Kysely has no way to. */
export function nameMarkedStatements(client: pg.ClientBase): void {
  const query = client.query.bind(client) as (...args: unknown[]) => unknown;
  const naming = (text: unknown, values: unknown, ...rest: unknown[]) => {
    const name = typeof text === 'string' ? mark.exec(text)?.[1] : undefined;
    return name === undefined ? query(text, values, ...rest) : query({ name, text, values }, ...rest);
  };
  client.query = naming as typeof client.query;
}
