import { bundles } from '@dotmac/schema';
import { builder } from '../builder.ts';

export const PlatformBundleEnum = builder.enumType('PlatformBundle', {
  description: 'The premium bundles of the platform.',
  values: bundles,
});
