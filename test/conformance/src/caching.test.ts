import { printedSchemas } from '@dotmac/cli/generate';
import { anonymous } from '@dotmac/schema';
import { readAccessRules } from '@dotmac/schema/access';
import { Kind, parse } from 'graphql';
import { expect, test } from 'vitest';

const supergraph = printedSchemas()['supergraph.graphql'] ?? '';

test('what the graph says everybody may keep is open to strangers', () => {
  const access = readAccessRules(supergraph);
  const open: Record<string, boolean> = {};
  for (const type of parse(supergraph).definitions) {
    if (type.kind !== Kind.OBJECT_TYPE_DEFINITION) continue;
    for (const { name, directives = [] } of type.fields ?? []) {
      const hint = directives.find((directive) => directive.name.value === 'cacheControl');
      const scope = hint?.arguments?.find((argument) => argument.name.value === 'scope')?.value;
      if (scope?.kind !== Kind.STRING || scope.value !== 'PUBLIC') continue;
      const field = `${type.name.value}.${name.value}`;
      open[field] = access.allows(field, anonymous);
    }
  }
  expect(open).toEqual({ 'Query.offers': true });
});
