import { request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import type { DatabaseSpec, Migrate, TenantRuntime, WorkloadRef, WorkloadSpec } from '../port.ts';

const SAMPLE = fileURLToPath(new URL('./sample-workload.mjs', import.meta.url));

/** A workload that keeps the contract, named after the test that uses it. */
export function sampleSpec(component: string, changes: Partial<WorkloadSpec> = {}): WorkloadSpec {
  return {
    tenant: 'alpha',
    component,
    generation: 1,
    release: '1.0.0',
    sizeClass: 'S',
    command: [process.execPath, SAMPLE],
    environment: {},
    secrets: [],
    ports: [],
    health: { livePath: '/health/live', readyPath: '/health/ready', startDeadlineMs: 15_000, intervalMs: 50 },
    limits: { memoryBytes: 256 * 1024 * 1024 },
    gracePeriodMs: 5_000,
    ...changes,
  };
}

/** Asks a running sample workload a question over its HTTP endpoint. */
export async function ask(runtime: TenantRuntime, ref: WorkloadRef, path: string): Promise<string> {
  const endpoint = (await runtime.route(ref.tenant, ref.component)).find(({ name }) => name === 'http');
  if (endpoint === undefined) throw new Error(`${ref.component} is not routed`);
  const target =
    endpoint.kind === 'unix' ? { socketPath: endpoint.path } : { host: endpoint.host, port: endpoint.port };
  return new Promise((resolve, reject) => {
    const asked = request({ ...target, path, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => {
        text += part;
      });
      response.once('end', () => resolve(text));
    });
    asked.once('error', reject).end();
  });
}

/** A database of a tenant at schema version 1. */
export function databaseSpec(tenant: string, changes: Partial<DatabaseSpec> = {}): DatabaseSpec {
  return {
    tenant,
    kind: 'tenant',
    database: `dotmac_t_${tenant}`,
    release: '1.0.0',
    schemaVersion: '1',
    sizeClass: 'S',
    ...changes,
  };
}

/** Runs one statement and gives its rows as arrays. */
export async function query(connectionString: string, sql: string): Promise<unknown[][]> {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows;
  } finally {
    await client.end();
  }
}

/** Migrations of the contract: version 1 makes a schema with a table, version 2 adds a column. */
export const sampleMigrate: Migrate = async (_kind, connectionString, schemaVersion) => {
  await query(
    connectionString,
    'CREATE SCHEMA IF NOT EXISTS billing; CREATE TABLE IF NOT EXISTS billing.ledger (id bigserial, amount bigint)',
  );
  if (schemaVersion === '2') {
    await query(
      connectionString,
      `ALTER TABLE billing.ledger ADD COLUMN IF NOT EXISTS currency text DEFAULT 'EUR'`,
    );
  }
};
