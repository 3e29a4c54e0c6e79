import { Counter, Gauge, Histogram, type Registry } from '@dotmac/platform';
import type { Principal } from '@dotmac/schema';

/** Seconds from a prepared query or mutation to its answer. */
type OperationSeconds = Histogram<'type' | 'outcome'>;

/** Gauges that are read when somebody asks. Their labels have few values anywhere. */
export function gatewayMetrics(
  registry: Registry,
  sources: {
    readonly connections: () => number;
    readonly streams: () => number;
    readonly waiting: () => number;
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
  gauge('dotmac_gateway_waiting_chars', 'Events that wait for slow clients', sources.waiting);
  gauge('dotmac_gateway_registry_connected', '1 while the platform database answers', () =>
    sources.registryConnected() ? 1 : 0,
  );
}

function operationHistogram(registry: Registry): OperationSeconds {
  return new Histogram({
    name: 'dotmac_gateway_operation_seconds',
    help: 'Queries and mutations by type and outcome (ok, partial, failed)',
    labelNames: ['type', 'outcome'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers: [registry],
  });
}

/** Values that a label takes, at most; what comes on top is counted as `other`. */
const mostTenants = 500;
const mostKeys = 500;
const mostOperations = 200;

const other = 'other';
/** A name that a client made up is shown as it is only in this form. */
const shownName = /^[_A-Za-z][_0-9A-Za-z]{0,63}$/;

interface Ran {
  readonly type: string;
  readonly operationName: string | undefined;
  readonly cost: number;
  readonly outcome: string;
  readonly seconds: number;
}

/**
 * Counts what is run, by whom. One label set holds the tenant or the key or the name of the operation, never their product;
 * each label has a bound, and the first to come are told apart.
 */
export class OperationMetrics {
  readonly #seconds: OperationSeconds;
  readonly #tenants: BoundedCounters;
  readonly #keys: BoundedCounters;
  readonly #operations: BoundedCounters;

  constructor(registry: Registry) {
    this.#seconds = operationHistogram(registry);
    this.#tenants = new BoundedCounters(registry, 'tenant', mostTenants);
    this.#keys = new BoundedCounters(registry, 'key', mostKeys);
    this.#operations = new BoundedCounters(registry, 'operation', mostOperations);
  }

  ran({ kind, id, tenantId }: Principal, { type, operationName, cost, outcome, seconds }: Ran): void {
    this.#seconds.observe({ type, outcome }, seconds);
    this.#tenants.add(tenantId ?? 'platform', outcome, cost);
    if (kind === 'apiKey') this.#keys.add(id, outcome, cost);
    const name =
      operationName === undefined ? 'unnamed' : shownName.test(operationName) ? operationName : other;
    this.#operations.add(name, outcome, cost);
  }
}

interface Tally {
  cost: number;
  readonly runs: Map<string, number>;
}

/** Operations and their cost by one label. Counted here, and handed over when somebody asks. */
class BoundedCounters {
  readonly #most: number;
  readonly #tallies = new Map<string, Tally>();

  constructor(registry: Registry, label: string, most: number) {
    this.#most = most;
    const tallies = this.#tallies;
    new Counter({
      name: `dotmac_gateway_${label}_operations_total`,
      help: `Queries and mutations by ${label} and outcome`,
      labelNames: [label, 'outcome'],
      registers: [registry],
      collect() {
        this.reset();
        for (const [value, { runs }] of tallies)
          for (const [outcome, count] of runs) this.inc({ [label]: value, outcome }, count);
      },
    });
    new Counter({
      name: `dotmac_gateway_${label}_cost_total`,
      help: `Cost of queries and mutations by ${label}`,
      labelNames: [label],
      registers: [registry],
      collect() {
        this.reset();
        for (const [value, { cost }] of tallies) this.inc({ [label]: value }, cost);
      },
    });
  }

  add(value: string, outcome: string, cost: number): void {
    const tally = this.#tallies.get(value) ?? this.#newTally(value);
    tally.cost += cost;
    tally.runs.set(outcome, (tally.runs.get(outcome) ?? 0) + 1);
  }

  #newTally(value: string): Tally {
    const shown = this.#tallies.size < this.#most ? value : other;
    let tally = this.#tallies.get(shown);
    if (tally === undefined) {
      tally = { cost: 0, runs: new Map() };
      this.#tallies.set(shown, tally);
    }
    return tally;
  }
}
