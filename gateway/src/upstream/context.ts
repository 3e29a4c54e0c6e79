import type { Span, TraceContext } from '@dotmac/platform';
import type { Principal } from '@dotmac/schema';
import type { RequestContext } from '../execution/executor.ts';
import type { EntityBatch } from './entity-batch.ts';

/** What travels with one operation through the executor to every subgraph call. */
export interface GatewayContext extends RequestContext {
  readonly principal: Principal;
  /** 32 hexadecimal digits, W3C Trace Context. */
  readonly traceId: string;
  /** Where the spans of its calls belong. */
  readonly trace?: TraceContext;
  /** Of the one call that is being made, while somebody records it. */
  readonly span?: Span;
  /** Of an execution beside which others of the same principal run. */
  readonly batch?: EntityBatch;
  /** Of a mutation with an idempotency key; `next` counts its calls that change something. */
  readonly idempotency?: { readonly key: string; readonly requestHash: string; next: number };
}
