import { type ChildProcess, spawn } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import type { WorkloadSpec } from '@dotmac/hosting';
import { idleProcessFlags } from '@dotmac/platform';
import type { WorkloadTenant } from '@dotmac/subgraph-tenants';
import { type Programs, programFile } from '../programs/programs.ts';

/** What the control plane runs for a tenant. Whatever changes here becomes a new generation of every tenant. */
export function tenantWorkload(
  tenant: WorkloadTenant,
  options: {
    readonly release: string;
    readonly gatewayKeys: Readonly<Record<string, string>>;
    readonly host: string;
    readonly programs: Programs;
  },
): WorkloadSpec {
  const { id, slug, name, timeZone, currency, demo } = tenant;
  const port = (portName: string, number: number, protocol: 'tcp' | 'udp' = 'udp') => ({
    name: portName,
    protocol,
    host: options.host,
    port: number,
  });
  return {
    tenant: slug,
    component: 'runtime',
    generation: tenant.generation,
    release: options.release,
    sizeClass: 'S',
    command: [options.programs.node, ...idleProcessFlags, programFile(options.programs, 'tenant-runtime')],
    environment: {
      NODE_ENV: 'production',
      DOTMAC_TENANT_SETTINGS: JSON.stringify({ id, slug, name, timeZone, currency, demo }),
      DOTMAC_GATEWAY_KEYS: JSON.stringify(options.gatewayKeys),
    },
    secrets: ['database', 'sealing-key', 'signing-key'].map((secret) => ({ name: secret, version: '1' })),
    ports: [
      port('radius-auth', tenant.radiusAuthPort),
      port('radius-accounting', tenant.radiusAccountingPort),
      ...(tenant.trapPort === null ? [] : [port('traps', tenant.trapPort)]),
      ...(tenant.radsecPort === null ? [] : [port('radsec', tenant.radsecPort, 'tcp')]),
    ],
    health: {
      livePath: '/health/live',
      readyPath: '/health/ready',
      startDeadlineMs: 30_000,
      intervalMs: 2_000,
    },
    limits: { memoryBytes: 256 * 1024 * 1024 },
    gracePeriodMs: 5_000,
  };
}

/**
 * Compiles a tenant's code once, for all that are yet to come: compiled code is good only for the same Node with the
 * same flags and the same paths. Takes its time beside everything else.
 */
export function compileTenantCode(programs: Programs, cache: string): ChildProcess {
  const child = spawn(programs.node, [...idleProcessFlags, programFile(programs, 'tenant-modules')], {
    env: { ...process.env, NODE_COMPILE_CACHE: cache },
    stdio: 'ignore',
  });
  if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW);
  return child;
}
