import { readFileSync } from 'node:fs';
import { Supergraph } from '@apollo/federation-internals';
import { printedSchemas } from '@dotmac/cli/generate';
import { parse, validate } from 'graphql';
import { expect, test } from 'vitest';

const schema = Supergraph.build(printedSchemas()['supergraph.graphql'] ?? '')
  .apiSchema()
  .toGraphQLJSSchema();

const page = readFileSync(new URL('../../../docs/integrators.md', import.meta.url), 'utf8');

/** Where a document stands in the page: the JSON of a curl line (with its own quotes or the shell's), code, prose. */
const places: Readonly<Record<string, RegExp>> = {
  json: /"query": "((?:[^"\\]|\\.)+)"/g,
  'JSON within quotes': /\\"query\\": \\"((?:[^"\\]|\\[^"])+)\\"/g,
  template: /`((?:query|mutation|subscription) ?[({][^`]+)`/g,
  named: /`((?:query|mutation|subscription) [A-Z][^`]+)`/g,
  shell: /='((?:query|mutation|subscription)\b[^']+)'/g,
  prose: /`(\{ \w+[^`]* \} \})`/g,
};
const documents = Object.entries(places).flatMap(([place, form]) =>
  [...page.matchAll(form)].map(([, text = '']) => [place, text.replaceAll(/\\(["$])/g, '$1')] as const),
);

test('the documents of the page are found, in every form they stand in', () => {
  const found = Object.groupBy(documents, ([place]) => place);
  expect(Object.keys(found)).toEqual(Object.keys(places));
  const inJson = [...(found.json ?? []), ...(found['JSON within quotes'] ?? [])];
  expect(inJson).toHaveLength([...page.matchAll(/"query\\?":/g)].length);
});

test.each(documents)('%s %s is valid in the graph of today', (_, text) => {
  expect(validate(schema, parse(text)).map(({ message }) => message)).toEqual([]);
});
