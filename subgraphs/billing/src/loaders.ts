import type { TenantDatabase } from '@dotmac/migrations';
import { type Executor, listLoaderOf, loaderOf } from '@dotmac/platform';
import type DataLoader from 'dataloader';
import { accountsById } from './account/store.ts';
import { addOnsOfServices, serviceOfLine } from './add-on/store.ts';
import type { ServiceValue } from './analytics/rules.ts';
import { serviceValues } from './analytics/store.ts';
import { type Day, formatDay } from './calendar/rules.ts';
import { plansById, versionsOfPlans } from './catalogue/store.ts';
import { attemptsOfCollections, collectionsOfDocuments } from './collection/store.ts';
import { runningContracts } from './contract/store.ts';
import { depositsOfCustomers } from './deposit/store.ts';
import { discountsOfServices } from './discount/store.ts';
import {
  type Document,
  type DocumentPage,
  documentPages,
  documentsById,
  linesOfDocuments,
  taxesOfDocuments,
} from './document/store.ts';
import { locksOfCustomers } from './dunning/store-lock.ts';
import { shieldsOfCustomers } from './dunning/store-shield.ts';
import { equipmentOfCustomers } from './equipment/store.ts';
import { feesOfCustomers } from './fee/store.ts';
import { holdsOfServices } from './hold/store.ts';
import { creditsOfIncidents } from './outage/store.ts';
import { summariesOf } from './payer/store.ts';
import { roundingsOfPayments } from './payment/cash.ts';
import { allocationsOfSources, paymentsById, paymentsOfCustomers } from './payment/store.ts';
import { scheduledChanges } from './plan-change/store.ts';
import { prepaidOfCustomers } from './prepaid/store.ts';
import { methodsById, methodsOfCustomers } from './provider/store.ts';
import { refundsOfPayments } from './refund/store.ts';
import { returnsOfPayments } from './return/store.ts';
import { dayOfText } from './run/run.ts';
import { currentVersions } from './service-line/store.ts';
import { creditItems, creditItemsById, openItems, openItemsById } from './settlement/store.ts';
import { exemptionsOfCustomers } from './tax/store.ts';
import { judgedUsages } from './usage/judge.ts';
import { allowancesOf, customersOfLines } from './usage/store.ts';
import { writtenOffOf } from './write-off/store.ts';

export type BillingLoaders = ReturnType<typeof billingLoaders>;

/** One set per request: whatever the resolvers of a request ask for one by one is fetched together. */
export function billingLoaders(database: Executor<TenantDatabase>) {
  const pages = new Map<string, DataLoader<string, readonly Document[]>>();
  const worths = new Map<string, DataLoader<string, readonly ServiceValue[]>>();
  const usages = new Map<Day, DataLoader<string, Awaited<ReturnType<typeof judgedUsages>>[number] | null>>();
  return {
    plan: loaderOf(
      (ids) => plansById(database, ids),
      (plan) => plan.id,
    ),
    versionsOfPlan: listLoaderOf(
      (ids) => versionsOfPlans(database, ids),
      (version) => version.planId,
    ),
    account: loaderOf(
      (ids) => accountsById(database, ids),
      (account) => account.customerId,
    ),
    lock: loaderOf(
      (ids) => locksOfCustomers(database, ids),
      (lock) => lock.customerId,
    ),
    openItemsOfCustomer: listLoaderOf(
      (ids) => openItems(database, ids),
      (item) => item.customerId,
    ),
    creditItemsOfCustomer: listLoaderOf(
      (ids) => creditItems(database, ids),
      (item) => item.customerId,
    ),
    openItem: loaderOf(
      (ids) => openItemsById(database, ids),
      (item) => item.documentId,
    ),
    creditItem: loaderOf(
      (ids) => creditItemsById(database, ids),
      (item) => item.sourceId,
    ),
    writtenOff: loaderOf(
      (ids) => writtenOffOf(database, ids),
      (one) => one.documentId,
    ),
    contractOfService: loaderOf(
      (ids) => runningContracts(database, ids),
      (contract) => contract.serviceLineId,
    ),
    holdsOfService: listLoaderOf(
      (ids) => holdsOfServices(database, ids),
      (hold) => hold.serviceLineId,
    ),
    planChangeOfService: loaderOf(
      (ids) => scheduledChanges(database, ids),
      (change) => change.serviceLineId,
    ),
    summariesOfPayer: listLoaderOf(
      (ids) => summariesOf(database, ids),
      (summary) => summary.payerId,
    ),
    prepaid: loaderOf(
      (ids) => prepaidOfCustomers(database, ids),
      (prepaid) => prepaid.customerId,
    ),
    equipmentOfCustomer: listLoaderOf(
      (ids) => equipmentOfCustomers(database, ids),
      (device) => device.customerId,
    ),
    method: loaderOf(
      (ids) => methodsById(database, ids),
      (method) => method.id,
    ),
    methodsOfCustomer: listLoaderOf(
      (ids) => methodsOfCustomers(database, ids),
      (method) => method.customerId,
    ),
    collectionsOfDocument: listLoaderOf(
      (ids) => collectionsOfDocuments(database, ids),
      (one) => one.documentId,
    ),
    attemptsOfCollection: listLoaderOf(
      (ids) => attemptsOfCollections(database, ids),
      (one) => one.collectionId,
    ),
    refundsOfPayment: listLoaderOf(
      (ids) => refundsOfPayments(database, ids),
      (one) => one.paymentId,
    ),
    roundingOfPayment: loaderOf(
      (ids) => roundingsOfPayments(database, ids),
      (one) => one.paymentId,
    ),
    returnsOfPayment: listLoaderOf(
      (ids) => returnsOfPayments(database, ids),
      (one) => one.paymentId,
    ),
    feesOfCustomer: listLoaderOf(
      (ids) => feesOfCustomers(database, ids),
      (fee) => fee.customerId,
    ),
    depositsOfCustomer: listLoaderOf(
      (ids) => depositsOfCustomers(database, ids),
      (deposit) => deposit.customerId,
    ),
    discountsOfService: listLoaderOf(
      (ids) => discountsOfServices(database, ids),
      (discount) => discount.serviceLineId,
    ),
    document: loaderOf(
      (ids) => documentsById(database, ids),
      (document) => document.id,
    ),
    linesOfDocument: listLoaderOf(
      (ids) => linesOfDocuments(database, ids),
      (line) => line.documentId,
    ),
    taxesOfDocument: listLoaderOf(
      (ids) => taxesOfDocuments(database, ids),
      (tax) => tax.documentId,
    ),
    payment: loaderOf(
      (ids) => paymentsById(database, ids),
      (payment) => payment.id,
    ),
    paymentsOfCustomer: listLoaderOf(
      (ids) => paymentsOfCustomers(database, ids),
      (payment) => payment.customerId,
    ),
    allocationsOfSource: listLoaderOf(
      (ids) => allocationsOfSources(database, ids),
      (allocation) => allocation.sourceId,
    ),
    shieldsOfCustomer: listLoaderOf(
      (ids) => shieldsOfCustomers(database, ids),
      (shield) => shield.customerId,
    ),
    versionOfService: loaderOf(
      (ids) => currentVersions(database, ids),
      (current) => current.serviceLineId,
    ),
    addOnsOfService: listLoaderOf(
      (ids) => addOnsOfServices(database, ids),
      (one) => one.serviceId,
    ),
    allowance: loaderOf(
      (ids) => allowancesOf(database, ids),
      (one) => one.serviceLineId,
    ),
    taxExemptionsOfCustomer: listLoaderOf(
      (ids) => exemptionsOfCustomers(database, ids),
      (one) => one.customerId,
    ),
    outageCreditsOfIncident: listLoaderOf(
      (ids) => creditsOfIncidents(database, ids),
      (credit) => credit.incidentId,
    ),
    /** What a service and its add-ons are worth a month at the end of a local day (ISO). */
    worthOfService(serviceId: string, today: string): Promise<readonly ServiceValue[]> {
      let loader = worths.get(today);
      if (loader === undefined) {
        const tomorrow = formatDay(dayOfText(today) + 1);
        loader = listLoaderOf(
          (ids) => serviceValues(database, today, tomorrow, ids),
          (value) => serviceOfLine(value.serviceId),
        );
        worths.set(today, loader);
      }
      return loader.load(serviceId);
    },
    /** How a service with a data cap stands on a local day. */
    usage(serviceId: string, on: Day) {
      let loader = usages.get(on);
      if (loader === undefined) {
        loader = loaderOf(
          async (ids) => judgedUsages(database, await customersOfLines(database, ids), on),
          (one) => one.lineId,
        );
        usages.set(on, loader);
      }
      return loader.load(serviceId);
    },
    /** Pages of many customers' documents with one statement, as long as they ask for the same window. */
    documentPage(page: DocumentPage, customerId: string): Promise<readonly Document[]> {
      const key = [page.type, page.limit, page.inverted, page.after, page.before].join('|');
      let loader = pages.get(key);
      if (loader === undefined) {
        loader = listLoaderOf(
          (ids) => documentPages(database, ids, page),
          (document) => document.customerId,
        );
        pages.set(key, loader);
      }
      return loader.load(customerId);
    },
  };
}
