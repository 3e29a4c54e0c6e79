/**
 * The subgraph `billing`: what is sold, what is owed and why, what was paid, and what happens when it is not.
 *
 * The main path: `run/rules.ts` (`bill`, pure) turns what happened to a customer's services into a document;
 * `run/run.ts` does so for one customer or for all, `run/issue.ts` writes documents, postings and events in a handful
 * of statements. `payment/receive.ts` takes money in, `dunning/run.ts` takes steps where none came.
 */
import type { TenantDatabase } from '@dotmac/migrations';
import type { SubgraphModule } from '@dotmac/platform';
import { type TenantEvents, toSubgraph } from '@dotmac/schema';
import { accountConsumer } from './account/events.ts';
import './account/graphql.ts';
import { type BillingContext, type BillingServices, builder } from './builder.ts';
import './add-on/graphql.ts';
import './analytics/graphql.ts';
import './bank/graphql.ts';
import './bundle/graphql.ts';
import './catalogue/graphql.ts';
import './catalogue/offer.ts';
import './catalogue/publish.ts';
import './clock/graphql.ts';
import './cohort/graphql.ts';
import './collection/graphql.ts';
import { chargeJob, dailyCollection, refundJob } from './collection/jobs.ts';
import { contractConsumer } from './contract/events.ts';
import './contract/graphql.ts';
import './credit/graphql.ts';
import './deposit/graphql.ts';
import './discount/graphql.ts';
import './document/graphql.ts';
import './dunning/bulk-graphql.ts';
import './dunning/campaign-graphql.ts';
import './dunning/graphql.ts';
import { dailyInstalments } from './equipment/charge.ts';
import './equipment/graphql.ts';
import './fee/graphql.ts';
import './feed/graphql.ts';
import './hold/graphql.ts';
import './late-fee/graphql.ts';
import './ledger/graphql.ts';
import { mailConsumer } from './mail/events.ts';
import './mail/graphql.ts';
import { mailJob } from './mail/send.ts';
import { dailyMetering } from './metering/count.ts';
import './metering/graphql-count.ts';
import './metering/graphql-preview.ts';
import './metering/graphql-restate.ts';
import './metering/graphql.ts';
import { outageConsumer } from './outage/events.ts';
import './outage/graphql.ts';
import { billingLoaders } from './loaders.ts';
import './payment/graphql.ts';
import './payer/graphql.ts';
import './plan-change/graphql.ts';
import { dailyPrepaid } from './prepaid/daily.ts';
import './prepaid/graphql.ts';
import './provider/graphql.ts';
import { type ProviderOptions, Providers } from './provider/providers.ts';
import './refund/graphql.ts';
import { dailyBilling } from './run/daily.ts';
import './rendering/graphql.ts';
import './return/graphql.ts';
import './promotion/graphql.ts';
import './run/graphql.ts';
import { serviceLineConsumer } from './service-line/events.ts';
import './seller/graphql.ts';
import './service-line/graphql.ts';
import './statement/graphql.ts';
import './tax/graphql.ts';
import './tax/graphql-service.ts';
import { dailyTrials } from './trial/remind.ts';
import './trial/graphql.ts';
import { usageConsumer } from './usage/events.ts';
import './usage/graphql.ts';
import { voucherConsumer } from './voucher/events.ts';
import { dailyVouchers } from './voucher/expire.ts';
import './voucher/graphql.ts';
import './webhook/graphql.ts';
import { webhookDoor, webhookJob } from './webhook/receive.ts';
import './write-off/graphql.ts';

export { proveLedger } from './ledger/proof.ts';
export { type RunServices, runBilling } from './run/run.ts';

export const schema = toSubgraph(builder);

export function billing(
  services: BillingServices,
  options: ProviderOptions = {},
): SubgraphModule<TenantDatabase, TenantEvents> {
  const providers = new Providers(services, options);
  return {
    name: 'billing',
    schema,
    contextOf: (base): BillingContext => ({
      ...base,
      services,
      providers,
      loaders: billingLoaders(services.database),
    }),
    consumers: [
      accountConsumer(services),
      serviceLineConsumer(services),
      usageConsumer(services),
      outageConsumer(services),
      mailConsumer(services),
      contractConsumer(services),
      voucherConsumer(services),
    ],
    jobs: [
      chargeJob(services, providers),
      refundJob(services, providers),
      webhookJob(services, providers),
      mailJob(services),
    ],
    daily: [
      dailyMetering(services),
      dailyTrials(services),
      dailyInstalments(services),
      dailyVouchers(services),
      dailyBilling(services),
      dailyPrepaid(services),
      dailyCollection(services, providers),
    ],
    webhooks: webhookDoor(services, providers),
  };
}
