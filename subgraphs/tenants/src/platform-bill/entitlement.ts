import { ValidationError } from '@dotmac/schema';
import { builder } from '../builder.ts';
import { saveBundles } from '../provisioning/routing.ts';

const RecordBundlesInput = builder.inputType('RecordTenantBundlesInput', {
  fields: (t) => ({
    tenantId: t.id({ required: true }),
    bundles: t.stringList({ required: true, description: 'All that it has now.' }),
  }),
});

builder.mutationField('recordTenantBundles', (t) =>
  t.field({
    type: 'Boolean',
    description:
      "Called by the relay from the operator's own books: what a tenant's bundles unlock opens, the rest closes. False when it is so already.",
    authScopes: { system: true },
    args: { input: t.arg({ type: RecordBundlesInput, required: true }) },
    resolve: (_root, { input: { tenantId, bundles } }, { services }) => {
      if (new Set(bundles).size !== bundles.length)
        throw new ValidationError('input.bundles', 'A bundle is named twice');
      return saveBundles(services.database, tenantId, bundles, new Date(services.clock.now()));
    },
  }),
);
