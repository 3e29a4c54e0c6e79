import { Gauge, Histogram, type Registry } from '@dotmac/platform';

/** Seconds from a prepared query or mutation to its answer. */
export type OperationSeconds = Histogram<'type' | 'outcome'>;

/** Gauges that are read when somebody asks. Labels have few values anywhere: no tenant, key or document is one. */
export function gatewayMetrics(
  registry: Registry,
  sources: {
    readonly connections: () => number;
    readonly streams: () => number;
    readonly registryConnected: () => boolean;
  },
): void {
  const gauge = (name: string, help: string, value: () => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(value());
      },
    });
  gauge('dotmac_gateway_connections', 'WebSockets and event streams open', sources.connections);
  gauge('dotmac_gateway_streams', 'Subscriptions open to subgraphs', sources.streams);
  gauge('dotmac_gateway_registry_connected', '1 while the platform database answers', () =>
    sources.registryConnected() ? 1 : 0,
  );
}

export function operationHistogram(registry: Registry): OperationSeconds {
  return new Histogram({
    name: 'dotmac_gateway_operation_seconds',
    help: 'Queries and mutations by type and outcome (ok, partial, failed)',
    labelNames: ['type', 'outcome'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers: [registry],
  });
}
