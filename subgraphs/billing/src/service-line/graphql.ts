import { PlanVersionRef } from '../catalogue/type.ts';
import { DiscountRef, ServiceRef } from './type.ts';

ServiceRef.implement({
  externalFields: (t) => ({ id: t.id() }),
  fields: (t) => ({
    price: t.field({
      type: 'Money',
      nullable: true,
      description:
        'For a full interval at the version it was bought at, without tax; null before it is active.',
      authScopes: { signedIn: true },
      resolve: async ({ id }, _args, { loaders, principal }) => {
        const current = await loaders.versionOfService.load(id);
        if (current === null || !maySee(current.customerId, principal)) return null;
        return { minor: current.version.priceMinor, currency: current.version.currency };
      },
    }),
    discounts: t.field({
      type: [DiscountRef],
      description: 'In the order of application.',
      authScopes: { signedIn: true },
      resolve: async ({ id }, _args, { loaders, principal }) =>
        (await loaders.discountsOfService.load(id)).filter((one) => maySee(one.customerId, principal)),
    }),
    planVersion: t.field({
      type: PlanVersionRef,
      nullable: true,
      authScopes: { signedIn: true },
      resolve: async ({ id }, _args, { loaders, principal }) => {
        const current = await loaders.versionOfService.load(id);
        return current === null || !maySee(current.customerId, principal) ? null : current.version;
      },
    }),
  }),
});

/** A subscriber sees what his own services cost; the staff, what any does. */
const maySee = (
  customerId: string,
  principal: { readonly customerId: string | null; readonly scopes: readonly string[] },
) => principal.customerId === customerId || principal.scopes.includes('billing:read');
