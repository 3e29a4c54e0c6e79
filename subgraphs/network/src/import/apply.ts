import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents, newId } from '@dotmac/platform';
import { ConflictError, type TenantEvents } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import { tellAccessUpdated } from '../access/edit.ts';
import {
  type Access,
  accessesByUsername,
  lockedByUsername,
  passwordPurpose,
  updateAccess,
} from '../access/store.ts';
import { poolHolding, releaseAddress, takeAddress } from '../address/store.ts';
import type { NetworkServices } from '../builder.ts';
import { noLimits } from '../login-limit/rules.ts';
import { allNases, insertNas, secretPurpose } from '../nas/store.ts';
import { violated } from '../taken.ts';
import type { Imported, ImportedNas, ImportedUser } from './rules.ts';
import type { RowError } from './tables.ts';

/** One thing an import does. */
export interface ImportStep {
  readonly kind: 'NAS' | 'USER';
  readonly name: string;
  /** What changes, in words; no secrets. */
  readonly changes: readonly string[];
}

interface UserWork {
  readonly access: Access;
  readonly user: ImportedUser;
  readonly address: string | null;
  readonly step: ImportStep;
}
interface NasWork {
  readonly nas: ImportedNas;
  readonly step: ImportStep;
}
export interface ImportPlan {
  readonly users: readonly UserWork[];
  readonly nases: readonly NasWork[];
  readonly errors: readonly RowError[];
}

/**
 * What an import would do now; nothing is written.
 * @param isHeld whether the services stay as they are until the transaction ends, so that the plan can be carried out.
 */
export async function planImport(
  transaction: Transaction<TenantDatabase>,
  imported: Imported,
  isHeld: boolean,
): Promise<ImportPlan> {
  const errors: RowError[] = [...imported.errors];
  const known = await allNases(transaction);
  const nases: NasWork[] = [];
  const names = new Set(known.map((nas) => nas.name));
  const addresses = new Set(known.map((nas) => nas.sourceAddress));
  for (const nas of imported.nases) {
    const { table, line, name, sourceAddress, profile } = nas;
    if (addresses.has(sourceAddress))
      errors.push({ table, line, message: `${sourceAddress} is registered already` });
    else if (names.has(name)) errors.push({ table, line, message: `Another NAS is called ${name}` });
    else
      nases.push({
        nas,
        step: { kind: 'NAS', name, changes: [`registered at ${sourceAddress} as ${profile}`] },
      });
    addresses.add(sourceAddress);
    names.add(name);
  }
  const read = isHeld ? lockedByUsername : accessesByUsername;
  const usernames = imported.users.map((user) => user.username);
  const accesses = new Map((await read(transaction, usernames)).map((access) => [access.username, access]));
  const users: UserWork[] = [];
  const taken = new Set<string>();
  for (const user of imported.users) {
    const access = accesses.get(user.username);
    const { table, line } = user;
    if (access === undefined) {
      const message = `No open service has the login name ${user.username}: order it with this name, then import again`;
      errors.push({ table, line, message });
      continue;
    }
    let address = user.address === access.address ? null : user.address;
    if (address !== null) {
      const holding = await poolHolding(transaction, address);
      if (holding?.assignment !== 'STATIC' || !holding.free || taken.has(address)) {
        errors.push({
          table,
          line,
          message: `${address} is not free in a static pool; ${user.username} keeps his`,
        });
        address = null;
      } else taken.add(address);
    }
    const changes = changesOf(user, access, address);
    if (changes.length > 0)
      users.push({ access, user, address, step: { kind: 'USER', name: user.username, changes } });
  }
  return { users, nases, errors };
}

function changesOf(user: ImportedUser, access: Access, address: string | null): string[] {
  const { password, simultaneousSessions, macs } = user;
  const lock = access.limits ?? noLimits;
  return [
    ...(password === null ? [] : ['password']),
    ...(address === null ? [] : [`address ${address}`]),
    ...(simultaneousSessions === null || simultaneousSessions === access.simultaneousSessions
      ? []
      : [`${simultaneousSessions} simultaneous sessions`]),
    ...(macs.length === 0 || macs.every((mac) => lock.macs.includes(mac))
      ? []
      : [`MAC lock ${macs.join(', ')}`]),
  ];
}

/**
 * Carries a plan out, in the transaction it was made in.
 * @returns the services that changed.
 * @throws ConflictError naming the row that wants what somebody has taken since the plan was made.
 */
export async function carryOutImport(
  services: NetworkServices,
  transaction: Transaction<TenantDatabase>,
  { users, nases }: ImportPlan,
  by: { readonly actor: string; readonly traceId: string },
): Promise<string[]> {
  const { clock, secrets } = services;
  const occurredAt = clock.now();
  const at = new Date(occurredAt);
  for (const { nas } of nases) {
    const id = newId('nas', clock);
    const { name, sourceAddress, secret, profile } = nas;
    await insertNas(transaction, {
      id,
      name,
      sourceAddress,
      certificateName: null,
      certificateFingerprint: null,
      secret: secrets.seal(secret, secretPurpose(id)),
      vendorProfile: profile,
      deviceId: null,
      coaHost: null,
      coaPort: profile === 'cisco' ? 1700 : 3799,
      interimIntervalSeconds: 300,
      createdAt: at,
    }).catch((error: unknown) => {
      if (violated(error) === null) throw error;
      throw takenMeanwhile(nas, `a NAS called ${name} or at ${sourceAddress} has been registered`);
    });
    await appendEvents<TenantEvents>(transaction, [
      { type: 'nas.updated', subject: id, payload: { nasId: id, name }, occurredAt, ...by },
    ]);
  }
  for (const { access, user, address } of users) {
    const { serviceId } = access;
    const { password, simultaneousSessions, macs } = user;
    const limits = access.limits ?? noLimits;
    const together = [...new Set([...limits.macs, ...macs])];
    await updateAccess(transaction, serviceId, {
      simultaneousSessions: simultaneousSessions ?? access.simultaneousSessions,
      ...(password === null ? {} : { password: secrets.seal(password, passwordPurpose(serviceId)) }),
      ...(macs.length === 0
        ? {}
        : { limits: { ...limits, macs: together, macLimit: Math.max(limits.macLimit, together.length) } }),
    });
    if (address !== null) {
      await releaseAddress(transaction, serviceId, at);
      if (!(await takeAddress(transaction, serviceId, address, at)))
        throw takenMeanwhile(user, `${address} is another service's`);
    }
  }
  const serviceIds = users.map(({ access }) => access.serviceId);
  await tellAccessUpdated(transaction, serviceIds, { occurredAt, ...by });
  return serviceIds;
}

function takenMeanwhile(
  { table, line }: { readonly table: string; readonly line: number },
  what: string,
): ConflictError {
  return new ConflictError(
    'TAKEN_MEANWHILE',
    `input.content: ${table}, line ${line}: ${what} since this was planned; nothing is imported, plan it again`,
    { field: 'input.content', holderId: null },
  );
}
