import type { Context } from '@dotmac/schema';
import type { GraphQLSchema } from 'graphql';
import type { Kysely, Transaction } from 'kysely';
import type { EventConsumer } from '../event-log/consumer.ts';
import type { EventLog } from '../event-log/log.ts';
import type { JobHandler, Jobs } from '../jobs/jobs.ts';
import type { SecretBox } from '../secrets/seal.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Registry } from '../telemetry/metrics.ts';
import type { Clock } from '../time/clock.ts';
import type { WebhookDoor } from './webhook.ts';

/** What a subgraph stands on in its process. `DB` is the database's type, `E` maps its event types to payloads. */
export interface Services<DB, E> {
  readonly database: Kysely<DB>;
  /**
   * Connections of its own for a part that sends few statements often: what waits for them keeps nobody else waiting. Opened
   * when first used, closed when idle and with the process; statements are prepared (`OpenOptions.prepared`).
   */
  ownConnections(part: string, max: number): Kysely<DB>;
  readonly events: EventLog<E>;
  readonly jobs: Jobs;
  readonly secrets: SecretBox;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Registry;
  /** The tenant this process serves; `null` in the control plane. */
  readonly tenant: TenantSettings | null;
}

export interface TenantSettings {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  /** IANA zone in which the tenant's business days begin. */
  readonly timeZone: string;
  /** ISO 4217 code of its books. */
  readonly currency: string;
  /** A demo's clock may be advanced. */
  readonly demo: boolean;
}

/** Work that is due once per local day of the tenant, catching up day by day after a pause. */
export interface DailyWork<DB> {
  /** Unique and never changed. */
  readonly name: string;
  /** Runs in the transaction that records the day as done; must be safe to run again after a rollback. */
  run(localDate: string, transaction: Transaction<DB>): Promise<void>;
}

/** A subgraph as the process that hosts it sees it. */
export interface SubgraphModule<DB, E> {
  readonly name: 'subscribers' | 'billing' | 'network' | 'partners' | 'tenants';
  readonly schema: GraphQLSchema;
  /** Adds the subgraph's own services and per-request loaders to the context. */
  contextOf(base: Context): Context;
  readonly consumers?: readonly EventConsumer<DB, E>[];
  readonly jobs?: readonly JobHandler<never>[];
  readonly daily?: readonly DailyWork<DB>[];
  /** Where companies outside tell what happened there. */
  readonly webhooks?: WebhookDoor;
  /**
   * What must answer before anything else does, such as logins: begun when the database answers and events are heard, beside
   * the job queue. A job that it enqueues before the queue is there is refused, and has to be enqueued again.
   */
  first?(signal: AbortSignal): Promise<void>;
  /** Long-running parts (servers, pollers), until the signal. What it returns is awaited at shutdown. */
  start?(signal: AbortSignal): Promise<(() => Promise<void>) | void>;
}
