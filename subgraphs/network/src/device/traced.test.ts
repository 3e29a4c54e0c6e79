import type { DeviceDriver, OperationContext } from '@dotmac/device';
import { inTrace, withSpan } from '@dotmac/platform';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { traced } from './traced.ts';

const exporter = new InMemorySpanExporter();
beforeAll(() => {
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
  );
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
});
afterAll(() => {
  trace.disable();
  context.disable();
});

const operation: OperationContext = {
  clock: { now: () => 0 },
  signal: new AbortController().signal,
  priority: 'interactive',
  operationId: 'op_1',
};

/** Keeps its state where only itself can reach it, as the real ones do. */
class Session {
  readonly target = { id: 'dev_1', host: '192.0.2.1', port: 161 };
  readonly #rows = [1, 2];
  async probe(): Promise<never> {
    throw new Error(`no answer after ${this.#rows.length} tries`);
  }
  async plan() {
    return { rows: this.#rows };
  }
  async *read() {
    yield* this.#rows;
  }
  async *stream() {
    yield* this.#rows;
  }
}
const driver = { protocol: 'snmp', open: () => new Session() } as unknown as DeviceDriver;

test('calls to a device are spans of the work that makes them, and the driver is as it was', async () => {
  const session = traced(driver).open({ id: 'dev_1', host: '192.0.2.1', port: 161 }, {});
  await inTrace('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', () =>
    withSpan('work', {}, async () => {
      expect(await session.plan({} as never, operation)).toEqual({ rows: [1, 2] });
      await expect(session.probe(operation)).rejects.toThrow('no answer after 2 tries');
    }),
  );
  const [plan, probe, work] = exporter.getFinishedSpans();
  expect([plan?.name, probe?.name, work?.name]).toEqual(['device.plan', 'device.probe', 'work']);
  expect([plan?.parentSpanId, probe?.parentSpanId]).toEqual(Array(2).fill(work?.spanContext().spanId));
  expect([plan?.status.code, probe?.status.code]).toEqual([0, 2]);
  expect(plan?.attributes).toMatchObject({
    'device.id': 'dev_1',
    'device.protocol': 'snmp',
    'dotmac.operation': 'op_1',
  });
  expect(work?.spanContext().traceId).toBe('0af7651916cd43dd8448eb211c80319c');
  expect(await Array.fromAsync(session.read('interfaces' as never, operation))).toEqual([1, 2]);
  expect(await Array.fromAsync(session.stream?.('interfaces' as never, operation) ?? [])).toEqual([1, 2]);
});
