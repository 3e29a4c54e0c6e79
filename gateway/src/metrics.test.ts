import { Registry } from '@dotmac/platform';
import { anonymous } from '@dotmac/schema';
import { expect, test } from 'vitest';
import { OperationMetrics } from './metrics.ts';

const ran = { type: 'query', operationName: 'List', cost: 3, outcome: 'ok', seconds: 0.01 };
const key = (number: number) => ({
  ...anonymous,
  kind: 'apiKey' as const,
  id: `key_${number}`,
  tenantId: 'ten_1',
});

test('what is run is counted by tenant, by key and by operation, with its cost', async () => {
  const registry = new Registry();
  const metrics = new OperationMetrics(registry);
  metrics.ran(key(1), ran);
  metrics.ran(key(1), { ...ran, outcome: 'failed', operationName: undefined });
  metrics.ran({ ...anonymous, kind: 'user', id: 'usr_1' }, { ...ran, operationName: 'evil"} 1\n' });
  const text = await registry.metrics();
  for (const line of [
    'dotmac_gateway_tenant_operations_total{tenant="ten_1",outcome="ok"} 1',
    'dotmac_gateway_tenant_operations_total{tenant="platform",outcome="ok"} 1',
    'dotmac_gateway_tenant_cost_total{tenant="ten_1"} 6',
    'dotmac_gateway_key_operations_total{key="key_1",outcome="failed"} 1',
    'dotmac_gateway_operation_operations_total{operation="List",outcome="ok"} 1',
    'dotmac_gateway_operation_operations_total{operation="unnamed",outcome="failed"} 1',
    'dotmac_gateway_operation_operations_total{operation="other",outcome="ok"} 1',
    'dotmac_gateway_operation_seconds_count{type="query",outcome="ok"} 2',
  ]) {
    expect(text.split('\n')).toContain(line);
  }
});

test('however many tenants, keys and names come, with every outcome, there are only so many series', async () => {
  const registry = new Registry();
  const metrics = new OperationMetrics(registry);
  const outcomes = ['ok', 'partial', 'failed'];
  for (let number = 0; number < 3_000; number += 1)
    for (const outcome of outcomes)
      metrics.ran(
        { ...key(number), tenantId: `ten_${number}` },
        { ...ran, operationName: `Name${number}`, outcome },
      );
  const lines = (await registry.metrics()).split('\n');
  const series = (name: string) => lines.filter((line) => line.startsWith(`dotmac_gateway_${name}{`)).length;
  // As PROTOCOL.md says, and one more each for all the others.
  for (const [label, most] of [
    ['tenant', 500],
    ['key', 500],
    ['operation', 200],
  ] as const) {
    expect([label, series(`${label}_operations_total`)]).toEqual([label, (most + 1) * outcomes.length]);
    expect([label, series(`${label}_cost_total`)]).toEqual([label, most + 1]);
  }
  expect(lines).toContain('dotmac_gateway_key_operations_total{key="other",outcome="ok"} 2500');
  // Nothing is lost among them.
  const counted = lines.flatMap(
    (line) => /^dotmac_gateway_tenant_operations_total\{.*\} (\d+)$/.exec(line)?.[1] ?? [],
  );
  expect(counted.reduce((sum, count) => sum + Number(count), 0)).toBe(9_000);
});
