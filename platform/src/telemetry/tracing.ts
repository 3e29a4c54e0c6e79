import { randomFillSync } from 'node:crypto';
import { type Attributes, SpanStatusCode, trace } from '@opentelemetry/api';

/**
 * OpenTelemetry spans. Without an SDK in the process they cost next to nothing; deployers add theirs with
 * `node --import`.
 */
const tracer = trace.getTracer('dotmac');

/** Runs `work` in a span; a thrown error marks it as failed and goes on. */
export async function withSpan<T>(name: string, attributes: Attributes, work: () => Promise<T>): Promise<T> {
  return tracer.startActiveSpan(name, { attributes }, async (span) => {
    try {
      return await work();
    } catch (error) {
      span.setStatus({
        code: SpanStatusCode.ERROR,
        message: error instanceof Error ? error.message : String(error),
      });
      throw error;
    } finally {
      span.end();
    }
  });
}

/** The trace id of a W3C `traceparent` header, or a new one. 32 hexadecimal digits. */
export function traceIdOf(traceparent: string | undefined): string {
  const match = /^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/.exec(traceparent ?? '');
  return match?.[1] ?? randomHex(16);
}

/** A `traceparent` header that carries the trace on to the next process. */
export function traceparentOf(traceId: string): string {
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
