import type { DeviceIdentity } from '@dotmac/device';
import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { type Selectable, sql, type Transaction } from 'kysely';

export type DiscoveryState = 'RUNNING' | 'DONE' | 'CANCELLED';
export type Discovery = Omit<Selectable<TenantDatabase['network.discovery']>, 'state'> & {
  readonly state: DiscoveryState;
};
export type DiscoveryProposal = Selectable<TenantDatabase['network.discoveryProposal']>;

/** @returns null while another is running. */
export async function insertDiscovery(
  transaction: Transaction<TenantDatabase>,
  discovery: Omit<Discovery, 'state' | 'done' | 'endedAt'>,
): Promise<Discovery | null> {
  const row = await transaction
    .insertInto('network.discovery')
    .values({
      ...discovery,
      ranges: [...discovery.ranges],
      credentialLabels: [...discovery.credentialLabels],
      state: 'RUNNING',
    })
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst();
  return (row as Discovery | undefined) ?? null;
}

export async function discoveryById(db: Executor<TenantDatabase>, id: string): Promise<Discovery | null> {
  const row = await db.selectFrom('network.discovery').selectAll().where('id', '=', id).executeTakeFirst();
  return (row as Discovery | undefined) ?? null;
}

/** The newest first. */
export async function recentDiscoveries(db: Executor<TenantDatabase>, limit: number): Promise<Discovery[]> {
  return (await db
    .selectFrom('network.discovery')
    .selectAll()
    .orderBy('createdAt', 'desc')
    .limit(limit)
    .execute()) as Discovery[];
}

export async function runningDiscoveries(db: Executor<TenantDatabase>): Promise<Discovery[]> {
  return (await db
    .selectFrom('network.discovery')
    .selectAll()
    .where('state', '=', 'RUNNING')
    .execute()) as Discovery[];
}

/** Only of one that runs: what was cancelled stays so. @returns whether it goes on. */
export async function progressDiscovery(
  transaction: Transaction<TenantDatabase>,
  id: string,
  change: { readonly done: number; readonly state: DiscoveryState; readonly endedAt: Date | null },
): Promise<boolean> {
  const { numUpdatedRows } = await transaction
    .updateTable('network.discovery')
    .set(change)
    .where('id', '=', id)
    .where('state', '=', 'RUNNING')
    .executeTakeFirst();
  return numUpdatedRows > 0n && change.state === 'RUNNING';
}

export async function cancelDiscovery(
  db: Executor<TenantDatabase>,
  id: string,
  at: Date,
): Promise<Discovery | null> {
  await db
    .updateTable('network.discovery')
    .set({ state: 'CANCELLED', endedAt: at })
    .where('id', '=', id)
    .where('state', '=', 'RUNNING')
    .execute();
  return discoveryById(db, id);
}

export async function proposalsOf(
  db: Executor<TenantDatabase>,
  discoveryIds: readonly string[],
): Promise<DiscoveryProposal[]> {
  return db
    .selectFrom('network.discoveryProposal')
    .selectAll()
    .where('discoveryId', 'in', discoveryIds)
    .orderBy(sql`host::inet`)
    .execute();
}

/** For a person who confirms: nobody else does meanwhile. */
export async function lockedProposal(
  transaction: Transaction<TenantDatabase>,
  id: string,
): Promise<DiscoveryProposal | null> {
  const row = await transaction
    .selectFrom('network.discoveryProposal')
    .selectAll()
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  return row ?? null;
}

export async function insertProposals(
  transaction: Transaction<TenantDatabase>,
  proposals: readonly {
    readonly id: string;
    readonly discoveryId: string;
    readonly host: string;
    readonly port: number;
    readonly credential: number;
    readonly identity: DeviceIdentity;
    readonly profiles: readonly string[];
    readonly foundAt: Date;
  }[],
): Promise<void> {
  if (proposals.length === 0) return;
  const known = new Map(
    (
      await transaction
        .selectFrom('network.managementAddress')
        .select(['host', 'port', 'deviceId'])
        .where(
          'host',
          'in',
          proposals.map(({ host }) => host),
        )
        .execute()
    ).map(({ host, port, deviceId }) => [`${host} ${port}`, deviceId]),
  );
  await transaction
    .insertInto('network.discoveryProposal')
    .values(
      proposals.map(({ identity, profiles, ...proposal }) => ({
        ...proposal,
        ...identity,
        profiles: [...profiles],
        knownDeviceId: known.get(`${proposal.host} ${proposal.port}`) ?? null,
      })),
    )
    .onConflict((conflict) => conflict.columns(['discoveryId', 'host']).doNothing())
    .execute();
}

export async function proposalBecame(
  transaction: Transaction<TenantDatabase>,
  id: string,
  deviceId: string,
): Promise<void> {
  await transaction.updateTable('network.discoveryProposal').set({ deviceId }).where('id', '=', id).execute();
}

/** With their proposals and credentials. */
export async function forgetDiscoveriesBefore(db: Executor<TenantDatabase>, before: Date): Promise<void> {
  await db.deleteFrom('network.discovery').where('endedAt', '<', before).execute();
}

/** The blocks that are the tenant's own. */
export async function ownBlocks(db: Executor<TenantDatabase>): Promise<string[]> {
  return (await db.selectFrom('network.addressPool').select('cidr').execute()).map(({ cidr }) => cidr);
}
