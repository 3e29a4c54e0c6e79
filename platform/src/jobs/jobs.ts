import type { Kysely, Transaction } from 'kysely';
import { fromKysely, type Job, PgBoss } from 'pg-boss';
import type { Logger } from '../telemetry/logger.ts';
import { traceparentPropagator } from '../telemetry/tracing.ts';

/** Background work that outlives a crash. */
export interface JobHandler<Data extends object> {
  /** Queue name, such as `access-change.apply`. */
  readonly queue: string;
  /** Tries in all, with exponential pauses; then the job is dead and shown to the operator. */
  readonly tries: number;
  /** How many at a time in this process. */
  readonly concurrency: number;
  run(data: Data, signal: AbortSignal): Promise<void>;
}

/** The tables of the queue, created by the owner of the database together with the migrations. */
export const jobsSchema = 'jobs';

/** Jobs on pg-boss in the database of the data they belong to. */
export class Jobs {
  readonly #boss: PgBoss;

  constructor(options: {
    readonly connectionString: string;
    readonly password?: string;
    readonly logger: Logger;
  }) {
    this.#boss = new PgBoss({
      connectionString: options.connectionString,
      ...(options.password === undefined ? {} : { password: options.password }),
      schema: jobsSchema,
      max: 2,
      migrate: false,
      schedule: false,
      useListenNotify: true,
      // A job is a part of the trace of whoever enqueues it.
      openTelemetry: { propagateContext: true, propagator: traceparentPropagator },
    });
    this.#boss.on('error', (error: Error) =>
      options.logger.warn({ error }, 'the job queue cannot reach its database; it tries again'),
    );
  }

  /** From here on jobs can be declared, enqueued and worked off. */
  async start(): Promise<void> {
    await this.#boss.start();
  }

  /** Makes a queue known, so that it can be enqueued to before anybody works it off. */
  async declare({ queue, tries }: Pick<JobHandler<object>, 'queue' | 'tries'>): Promise<void> {
    await this.#boss.createQueue(queue, {
      retryLimit: tries - 1,
      retryBackoff: true,
      retryDelay: 1,
      notify: true,
    });
  }

  /** Works off a declared queue until `stop`. */
  async work<Data extends object>(handler: JobHandler<Data>): Promise<void> {
    const options = {
      pollingIntervalSeconds: 1,
      notifyPollingIntervalSeconds: 10,
      localConcurrency: handler.concurrency,
    } as const;
    await this.#boss.work<Data>(handler.queue, options, async ([job]: Job<Data>[]) => {
      if (job !== undefined) await handler.run(job.data, job.signal);
    });
  }

  /** Enqueues in the transaction of the change that needs it: both hold or neither. */
  async enqueue(
    transaction: Kysely<unknown> | Transaction<unknown>,
    queue: string,
    data: object,
    options: { readonly startAfter?: Date; readonly singletonKey?: string } = {},
  ): Promise<void> {
    await this.#boss.send(queue, data, { ...options, db: fromKysely(transaction) });
  }

  async stop(): Promise<void> {
    await this.#boss.stop({ graceful: true, timeout: 5_000 });
  }
}
