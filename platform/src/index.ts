/**
 * What any process stands on. `runtime/runtime.ts` shows how the parts come together in a process;
 * `subgraph/module.ts` is what a subgraph gets and gives.
 */
export * from './config/config.ts';
export * from './database/binary-array.ts';
export * from './database/open.ts';
export * from './database/outage.ts';
export * from './database/page.ts';
export * from './database/statement.ts';
export * from './event-log/append.ts';
export * from './event-log/consumer.ts';
export * from './event-log/cursor.ts';
export * from './event-log/log.ts';
export type { SnapshotPlace } from './event-log/snapshot.ts';
export type { EventStream, EventWithCursor, InitialState, SubscribeOptions } from './event-log/stream.ts';
export * from './id.ts';
export * from './identity/api-key.ts';
export * from './identity/password.ts';
export * from './identity/token.ts';
export * from './jobs/install.ts';
export * from './jobs/jobs.ts';
export { lastingPorts } from './net/lasting-ports.ts';
export { idleProcessFlags } from './runtime/idle-process.ts';
export * from './runtime/runtime.ts';
export * from './secrets/seal.ts';
export { AuditTrail, readAudit } from './subgraph/audit.ts';
export * from './subgraph/execute.ts';
export { IdempotencyStore, idempotencyHeader } from './subgraph/idempotency.ts';
export * from './subgraph/loader.ts';
export * from './subgraph/module.ts';
export * from './subgraph/serve.ts';
export * from './subgraph/webhook.ts';
export * from './telemetry/logger.ts';
export * from './telemetry/metrics.ts';
export * from './telemetry/tracing.ts';
export * from './time/clock.ts';
export * from './time/pause.ts';
