import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { HostingError } from '../error.ts';
import type { Fence, TenantId } from '../port.ts';
import { readJson, writeJson } from './json-file.ts';
import type { HostingPaths } from './paths.ts';

/** The highest epoch seen for a tenant, 0 before the first. */
export function epochOf(paths: HostingPaths, tenant: TenantId): number {
  return readJson<Fence>(fenceFile(paths, tenant))?.epoch ?? 0;
}

/** Refuses a fence older than the newest seen for the tenant, and remembers a newer one. @throws `FENCED` */
export function passFence(paths: HostingPaths, tenant: TenantId, fence: Fence): void {
  const known = epochOf(paths, tenant);
  if (fence.epoch < known) {
    throw new HostingError(
      'FENCED',
      `Epoch ${fence.epoch} for tenant ${tenant} is older than ${known}: another control plane has taken over.`,
    );
  }
  if (fence.epoch === known) return;
  mkdirSync(paths.tenant(tenant), { recursive: true, mode: 0o711 });
  writeJson(fenceFile(paths, tenant), { epoch: fence.epoch });
}

function fenceFile(paths: HostingPaths, tenant: TenantId): string {
  return join(paths.tenant(tenant), 'fence.json');
}
