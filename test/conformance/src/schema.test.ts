import { readFileSync } from 'node:fs';
import { Supergraph } from '@apollo/federation-internals';
import { printedSchemas, sdlFile } from '@dotmac/cli/generate';
import { buildSchema, findBreakingChanges } from 'graphql';
import { describe, expect, test } from 'vitest';

const printed = printedSchemas();
const committed = (name: string) => readFileSync(sdlFile(name), 'utf8');

describe('the committed SDL', () => {
  test.each(Object.keys(printed))('%s is what the code says; `pnpm schema` writes it', (name) => {
    expect(committed(name)).toBe(printed[name]);
  });
});

/**
 * `released.graphql` is the graph as clients knew it at the last release. What breaks them is either undone or stated in
 * `breaking-changes.json` with its reason; a release (`pnpm schema --release`) begins both anew.
 */
describe('changes since the last release', () => {
  const released = buildSchema(committed('released.graphql'));
  const current = Supergraph.build(printed['supergraph.graphql'] ?? '')
    .apiSchema()
    .toGraphQLJSSchema();
  const declared = JSON.parse(committed('breaking-changes.json')) as Record<string, string>;
  const breaking = findBreakingChanges(released, current).map(({ description }) => description);

  test('break nobody without being declared', () => {
    expect(breaking.filter((description) => declared[description] === undefined)).toEqual([]);
  });

  test('are not declared without being there', () => {
    expect(Object.keys(declared).filter((description) => !breaking.includes(description))).toEqual([]);
  });

  test('would be noticed: a removed field is one', () => {
    const without = buildSchema(committed('released.graphql').replace(/\n {2}viewer: Viewer\n/, '\n'));
    expect(findBreakingChanges(current, without).map(({ description }) => description)).toContain(
      'Query.viewer was removed.',
    );
  });
});
