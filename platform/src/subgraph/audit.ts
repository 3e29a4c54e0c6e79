import { type AuditEntry, type AuditFilter, type Principal, ValidationError } from '@dotmac/schema';
import type { FormattedExecutionResult } from 'graphql';
import { type Kysely, sql } from 'kysely';
import type { Page } from '../database/page.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';

/** A field of a mutation, and the name its answer has. */
export interface RequestedChange {
  readonly field: string;
  readonly alias: string;
}

/** Who asked for which change in the plane of a database: written before the change is done, and after it. */
export class AuditTrail {
  readonly #database: Kysely<unknown>;
  readonly #clock: Clock;
  readonly #logger: Logger;

  constructor(database: Kysely<unknown>, clock: Clock, logger: Logger) {
    this.#database = database;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Does the work when it is on record that somebody asked for it. Without that nothing is done. */
  async around(
    asked: {
      readonly principal: Principal;
      readonly subgraph: string;
      readonly changes: readonly RequestedChange[];
      readonly traceId: string;
    },
    work: () => Promise<FormattedExecutionResult>,
  ): Promise<FormattedExecutionResult> {
    const { principal, subgraph, changes, traceId } = asked;
    const { rows } = await sql<{ id: bigint }>`
      insert into runtime.audit (at, actor_kind, actor, subgraph, field, trace_id)
      select ${new Date(this.#clock.now())}, ${principal.kind}, ${principal.id}, ${subgraph}, field, ${traceId}
      from unnest(${changes.map(({ field }) => field)}::text[]) with ordinality as asked (field, place)
      order by place returning id`.execute(this.#database);
    const ids = rows.map(({ id }) => id);
    const result = await work();
    const outcomes = changes.map(({ alias }) => outcomeOf(alias, result));
    try {
      await sql`insert into runtime.audit_outcome (audit_id, at, outcome)
        select id, ${new Date(this.#clock.now())}, outcome
        from unnest(${ids}::bigint[], ${outcomes}::text[]) as ended (id, outcome)`.execute(this.#database);
    } catch (error) {
      // The change is done: who asked for it must hear so. On record it stays without an outcome.
      this.#logger.error(
        { error, ids: ids.map(String), outcomes },
        'the outcome of a change is not on record',
      );
    }
    return result;
  }
}

/** What became of one of a mutation's fields, in a word. */
export function outcomeOf(alias: string, { data, errors }: FormattedExecutionResult): string {
  // An error without a path refused the whole operation.
  const error = errors?.find(({ path }) => path === undefined || path[0] === alias);
  if (error !== undefined) return String(error.extensions?.code ?? 'ERROR');
  const answer: unknown = data?.[alias];
  if (answer === undefined) return 'SKIPPED';
  if (typeof answer !== 'object' || answer === null || !('__typename' in answer)) return 'DONE';
  return String(answer.__typename);
}

/**
 * A page of the trail, newest first. `after` and `before` are ids of entries; `inverted` reads from the oldest.
 * @throws ValidationError for an id that is none
 */
export async function readAudit(
  database: Kysely<never>,
  { actor = null, field = null }: AuditFilter,
  page: Page,
): Promise<AuditEntry[]> {
  const { limit, inverted } = page;
  const [after, before] = [idOf('after', page.after), idOf('before', page.before)];
  const { rows } = await sql<AuditEntry>`
    select a.id, a.at, a.actor_kind as "actorKind", a.actor, a.subgraph, a.field, a.trace_id as "traceId", o.outcome
    from runtime.audit a left join runtime.audit_outcome o on o.audit_id = a.id
    where (${actor}::text is null or a.actor = ${actor}) and (${field}::text is null or a.field = ${field})
      and (${after}::bigint is null or a.id < ${after}) and (${before}::bigint is null or a.id > ${before})
    order by ${sql.raw(inverted ? 'a.id' : 'a.id desc')} limit ${limit}`.execute(database);
  return rows;
}

function idOf(field: string, cursor: string | undefined): bigint | null {
  if (cursor === undefined) return null;
  if (!/^\d{1,18}$/.test(cursor))
    throw new ValidationError(field, `"${cursor}" is no cursor of this connection`);
  return BigInt(cursor);
}
