import { isAbsolute } from 'node:path';
import { HostingError } from './error.ts';
import type { DatabaseSpec, TenantId, WorkloadSpec } from './port.ts';

const TENANT = /^[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?$/;
const NAME = /^[a-z][a-z0-9-]{0,39}$/;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** @throws HostingError `SPEC_INVALID` unless the id is safe as part of a path, a role and a host name. */
export function checkTenantId(tenant: TenantId): void {
  if (!TENANT.test(tenant)) {
    invalid(
      `tenant ${JSON.stringify(tenant)} must be 1 to 40 lower-case letters, digits or hyphens, beginning with a letter`,
    );
  }
}

/** @throws HostingError `SPEC_INVALID` unless tenant and database name are safe in paths, roles and URLs. */
export function checkDatabaseSpec({ tenant, database }: DatabaseSpec): void {
  checkTenantId(tenant);
  // Role names add up to 6 characters; PostgreSQL's names hold 63.
  if (!/^[a-z][a-z0-9_]{0,56}$/.test(database)) {
    invalid(
      `database ${JSON.stringify(database)} must be 1 to 57 of a-z, 0-9 and _, beginning with a letter`,
    );
  }
}

/** @throws HostingError `SPEC_INVALID` naming the first field that is wrong. */
export function checkSpec(spec: WorkloadSpec): void {
  checkTenantId(spec.tenant);
  if (!NAME.test(spec.component)) invalid(`component ${JSON.stringify(spec.component)} must match ${NAME}`);
  if (!Number.isSafeInteger(spec.generation) || spec.generation < 1) {
    invalid(`generation ${spec.generation} must be a positive integer`);
  }
  if (!isAbsolute(spec.command[0])) invalid(`command ${spec.command[0]} must be an absolute path`);
  for (const { name } of spec.secrets)
    if (!NAME.test(name)) invalid(`secret name ${name} must match ${NAME}`);
  for (const { name, port } of spec.ports) {
    if (!NAME.test(name)) invalid(`port name ${name} must match ${NAME}`);
    if (!Number.isInteger(port) || port < 1 || port > 65_535)
      invalid(`port ${name} = ${port} must be 1 to 65535`);
  }
  for (const [name, value] of Object.entries(spec.environment)) {
    if (!VARIABLE.test(name)) invalid(`environment name ${JSON.stringify(name)} must match ${VARIABLE}`);
    if (value.includes('\0')) invalid(`environment ${name} must not contain a zero byte`);
  }
}

function invalid(reason: string): never {
  throw new HostingError('SPEC_INVALID', `Spec: ${reason}.`);
}
