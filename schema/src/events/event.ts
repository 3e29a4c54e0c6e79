/** An event as read from the log. `T` maps event types to their payloads. */
export type EventOf<T> = {
  [K in keyof T & string]: {
    /** Place in the log: gap-free and in commit order. */
    readonly position: bigint;
    readonly type: K;
    /** The id of the thing it is about; events of one subject are in order. */
    readonly subject: string;
    readonly payload: T[K];
    /** When it happened in the world. */
    readonly occurredAt: Date;
    /** Id of the principal who caused it. */
    readonly actor: string;
    readonly traceId: string | null;
    /** The span of that trace it was told in, where spans are recorded. */
    readonly spanId: string | null;
  };
}[keyof T & string];
