import { BundleRequiredError } from './errors.ts';
import type { Principal } from './principal.ts';

/** The premium bundles that a tenant may have beside the base product. */
export const bundles = [
  'RESELLER_PLATFORM',
  'ADVANCED_CRM',
  'PROJECT_MANAGEMENT',
  'FIELD_OPERATIONS',
  'AI_CHATBOT',
  'ADVANCED_ANALYTICS',
] as const;
export type Bundle = (typeof bundles)[number];

export function isBundle(text: string): text is Bundle {
  return (bundles as readonly string[]).includes(text);
}

/** Opens what a bundle unlocks. @throws BundleRequiredError naming the bundle that the principal's tenant lacks */
export function requireBundle({ bundles: held }: Principal, bundle: Bundle): void {
  if (!held.includes(bundle)) throw new BundleRequiredError(bundle);
}

/**
 * The fields of the graph that a bundle opens, beside which there is nothing in it yet: what is empty is not sold to an
 * owner. A test holds that every one exists and refuses whoever lacks the bundle.
 */
export const unlocked: Readonly<Record<Bundle, readonly string[]>> = {
  RESELLER_PLATFORM: [],
  ADVANCED_CRM: ['Query.followUps', 'Mutation.addFollowUp', 'Mutation.completeFollowUp'],
  PROJECT_MANAGEMENT: [],
  FIELD_OPERATIONS: ['Query.workOrders', 'Mutation.createWorkOrder', 'Mutation.moveWorkOrder'],
  AI_CHATBOT: [],
  ADVANCED_ANALYTICS: ['Query.customerCohorts'],
};
