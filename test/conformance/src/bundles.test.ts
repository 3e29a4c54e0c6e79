import { readFileSync } from 'node:fs';
import { bundles, unlocked } from '@dotmac/schema';
import { buildSchema, type GraphQLObjectType } from 'graphql';
import { expect, test } from 'vitest';

const supergraph = buildSchema(
  readFileSync(new URL('../../../schema/sdl/supergraph.graphql', import.meta.url), 'utf8'),
  { assumeValidSDL: true },
);

test.each(bundles)('what %s is said to open exists, and says that it needs the bundle', (bundle) => {
  for (const place of unlocked[bundle]) {
    const [type = '', field = ''] = place.split('.');
    const found = (supergraph.getType(type) as GraphQLObjectType).getFields()[field];
    expect(found?.description).toContain(`Needs ${bundle}`);
  }
});
