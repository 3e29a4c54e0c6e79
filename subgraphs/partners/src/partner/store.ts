import type { PlatformDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import type { Selectable } from 'kysely';

export const partnerKinds = ['VENDOR', 'RESELLER', 'INTEGRATION'] as const;
export const partnerStates = ['APPLIED', 'ACTIVE', 'SUSPENDED', 'TERMINATED'] as const;
export type Partner = Omit<Selectable<PlatformDatabase['partners.partner']>, 'kind' | 'state'> & {
  readonly kind: (typeof partnerKinds)[number];
  readonly state: (typeof partnerStates)[number];
};
export type Agreement = Selectable<PlatformDatabase['partners.agreement']>;

export async function partnersById(
  db: Executor<PlatformDatabase>,
  ids: readonly string[],
): Promise<Partner[]> {
  return (await db.selectFrom('partners.partner').selectAll().where('id', 'in', ids).execute()) as Partner[];
}

export async function partnerPage(
  db: Executor<PlatformDatabase>,
  after: string | null,
  limit: number,
): Promise<Partner[]> {
  let query = db.selectFrom('partners.partner').selectAll().orderBy('id').limit(limit);
  if (after !== null) query = query.where('id', '>', after);
  return (await query.execute()) as Partner[];
}

/** @returns null when a partner has this e-mail address already. */
export async function insertPartner(
  db: Executor<PlatformDatabase>,
  partner: Partner,
): Promise<Partner | null> {
  const row = await db
    .insertInto('partners.partner')
    .values(partner)
    .onConflict((conflict) => conflict.column('email').doNothing())
    .returningAll()
    .executeTakeFirst();
  return (row as Partner | undefined) ?? null;
}

export async function insertAgreement(
  db: Executor<PlatformDatabase>,
  agreement: {
    readonly id: string;
    readonly partnerId: string;
    readonly salesRateBasisPoints: number;
    readonly validFrom: Date;
  },
): Promise<void> {
  await db
    .insertInto('partners.agreement')
    .values({ ...agreement, version: 1 })
    .execute();
}

/** The agreement that holds at an instant: the latest that has begun. */
export async function agreementAt(
  db: Executor<PlatformDatabase>,
  partnerId: string,
  at: Date,
): Promise<Agreement | null> {
  const row = await db
    .selectFrom('partners.agreement')
    .selectAll()
    .where('partnerId', '=', partnerId)
    .where('validFrom', '<=', at)
    .orderBy('version', 'desc')
    .executeTakeFirst();
  return row ?? null;
}
