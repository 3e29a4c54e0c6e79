/**
 * What a deployer brings with `node --import`: an OpenTelemetry SDK. This one appends every span that ends to the file
 * `DOTMAC_TEST_SPANS`, a line of JSON each.
 */
import { appendFileSync } from 'node:fs';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';

/** A span as it stands in the file. */
export interface RecordedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly process: number;
  readonly attributes: Readonly<Record<string, unknown>>;
}

function recorded(span: ReadableSpan): RecordedSpan {
  const { name, parentSpanId, attributes } = span;
  const { traceId, spanId } = span.spanContext();
  return { name, traceId, spanId, parentSpanId, attributes, process: process.pid };
}

const file = process.env.DOTMAC_TEST_SPANS;
if (file !== undefined) {
  const toFile = {
    export(spans: readonly ReadableSpan[], done: (result: { code: number }) => void) {
      appendFileSync(file, spans.map((span) => `${JSON.stringify(recorded(span))}\n`).join(''));
      done({ code: 0 });
    },
    shutdown: () => Promise.resolve(),
  };
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(toFile)] }),
  );
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
}
