import type { PlatformDatabase } from '@dotmac/migrations';
import { type Executor, listLoaderOf, loaderOf } from '@dotmac/platform';
import { earnedBefore } from './commission/store.ts';
import { salesPartnersOfTenants } from './lead/store.ts';
import { partnersById } from './partner/store.ts';
import { linesOfStatements, statementsOfPartners } from './statement/store.ts';

export type PartnersLoaders = ReturnType<typeof partnersLoaders>;

export function partnersLoaders(database: Executor<PlatformDatabase>) {
  return {
    partner: loaderOf(
      (ids) => partnersById(database, ids),
      (partner) => partner.id,
    ),
    salesPartnerOfTenant: loaderOf(
      (ids) => salesPartnersOfTenants(database, ids),
      (row) => row.tenantId,
    ),
    earnedBefore: loaderOf(
      (ids) => earnedBefore(database, ids),
      (row) => row.id,
    ),
    statementsOfPartner: listLoaderOf(
      (ids) => statementsOfPartners(database, ids),
      (statement) => statement.partnerId,
    ),
    linesOfStatement: listLoaderOf(
      (ids) => linesOfStatements(database, ids),
      (line) => line.statementId,
    ),
  };
}
