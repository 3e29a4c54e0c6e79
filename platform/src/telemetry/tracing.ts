import { randomFillSync } from 'node:crypto';
import {
  type Attributes,
  type Context,
  context as contextApi,
  INVALID_SPAN_CONTEXT,
  isSpanContextValid,
  type ProxyTracerProvider,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TextMapPropagator,
  TraceFlags,
  trace,
} from '@opentelemetry/api';

/**
 * OpenTelemetry spans. Without an SDK in the process they cost next to nothing; deployers add theirs with
 * `node --import`.
 */
const tracer = trace.getTracer('dotmac');

/** What stands for a span that nobody records. */
const noSpan = trace.wrapSpanContext(INVALID_SPAN_CONTEXT);
let recorded = false;

/** Whether an SDK is there. It may come at any time; that it went is not noticed, and spans do nothing then. */
function isRecorded(): boolean {
  if (!recorded) {
    const provider = trace.getTracerProvider() as Partial<ProxyTracerProvider>;
    recorded = provider.getDelegateTracer === undefined || provider.getDelegateTracer('dotmac') !== undefined;
  }
  return recorded;
}

export type { Context as TraceContext, Span } from '@opentelemetry/api';

const traceparentForm = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** Runs `work` in a span; a thrown error marks it as failed and goes on. */
export async function withSpan<T>(name: string, attributes: Attributes, work: () => Promise<T>): Promise<T> {
  if (!isRecorded()) return work();
  return tracer.startActiveSpan(name, { attributes }, async (span) => {
    try {
      return await work();
    } catch (error) {
      failSpan(span, error);
      throw error;
    } finally {
      span.end();
    }
  });
}

/**
 * Runs `work` as a part of the trace of a `traceparent` header (W3C Trace Context): the spans in it are children of the
 * caller's. Without a header, or with one that is none, it is a trace of its own.
 */
export function inTrace<T>(traceparent: string | undefined, work: () => T): T {
  if (!isRecorded()) return work();
  return contextApi.with(remoteContext(traceparent), work);
}

/** Runs `work` in no trace at all: what a request begins and does not wait for, such as a timer that runs for ever. */
export function outsideTrace<T>(work: () => T): T {
  return contextApi.with(ROOT_CONTEXT, work);
}

/** The span that this runs in, where somebody records it: what is written now and read later goes on below it. */
export function activeSpan(): { readonly traceId: string; readonly spanId: string } | null {
  if (!isRecorded()) return null;
  const known = trace.getActiveSpan()?.spanContext();
  const sampled = known !== undefined && (known.traceFlags & TraceFlags.SAMPLED) !== 0;
  return sampled && isSpanContextValid(known) ? known : null;
}

/** A `traceparent` header in a job's row: the span that enqueues it is the parent of the one that does it. */
export const traceparentPropagator: TextMapPropagator = {
  inject(context, carrier, { set }) {
    const span = trace.getSpan(context);
    const known = span?.spanContext();
    if (known !== undefined && isSpanContextValid(known))
      set(carrier, traceparentField, traceparentOf(known.traceId, span));
  },
  extract(_context, carrier, { get }) {
    const [traceparent] = [get(carrier, traceparentField)].flat();
    return remoteContext(traceparent);
  },
  fields: () => [traceparentField],
};
const traceparentField = 'traceparent';

function remoteContext(traceparent: string | undefined): Context {
  const match = traceparent === undefined ? null : traceparentForm.exec(traceparent);
  if (match === null) return ROOT_CONTEXT;
  const [, traceId = '', spanId = '', flags = ''] = match;
  const traceFlags = Number.parseInt(flags, 16) & TraceFlags.SAMPLED;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
}

/** A span that is carried along by hand, where many operations share the thread. */
export interface CarriedSpan {
  readonly span: Span;
  /** For the spans below it. */
  readonly context: Context;
  /** Of the whole trace: the span's own when somebody records it, else the header's, else a new one. */
  readonly traceId: string;
}

/** Begins a span for a request from outside, as a part of the trace of its `traceparent` header. */
export function startServerSpan(name: string, traceparent: string | undefined): CarriedSpan {
  if (!isRecorded()) return { span: noSpan, context: ROOT_CONTEXT, traceId: traceIdOf(traceparent) };
  const parent = remoteContext(traceparent);
  const span = tracer.startSpan(name, { kind: SpanKind.SERVER }, parent);
  const known = span.spanContext();
  return {
    span,
    context: trace.setSpan(parent, span),
    traceId: isSpanContextValid(known) ? known.traceId : traceIdOf(traceparent),
  };
}

/** Begins a span for a call to another process, below the given one. */
export function startClientSpan(name: string, parent: Context | undefined, attributes: Attributes): Span {
  if (!isRecorded()) return noSpan;
  return tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes }, parent ?? ROOT_CONTEXT);
}

export function failSpan(span: Span, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}

/** The trace id of a W3C `traceparent` header, or a new one. 32 hexadecimal digits. */
export function traceIdOf(traceparent: string | undefined): string {
  return traceparentForm.exec(traceparent ?? '')?.[1] ?? randomHex(16);
}

/** A `traceparent` header that carries the trace on to the next process, below `span` where somebody records it. */
export function traceparentOf(traceId: string, span?: Span): string {
  const known = span?.spanContext();
  if (known !== undefined && isSpanContextValid(known)) {
    return `00-${known.traceId}-${known.spanId}-${known.traceFlags.toString(16).padStart(2, '0')}`;
  }
  return `00-${traceId}-${randomHex(8)}-01`;
}

const entropy = Buffer.alloc(4096);
let used = entropy.length;

/** Asks the system for many ids at once: asked for each, it was a twelfth of the gateway's time per request. */
function randomHex(bytes: number): string {
  if (used + bytes > entropy.length) {
    randomFillSync(entropy);
    used = 0;
  }
  used += bytes;
  return entropy.toString('hex', used - bytes, used);
}
