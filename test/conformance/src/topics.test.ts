import { Supergraph } from '@apollo/federation-internals';
import { printedSchemas } from '@dotmac/cli/generate';
import { topics } from '@dotmac/schema';
import { type GraphQLField, getNamedType, isInterfaceType, isObjectType } from 'graphql';
import { describe, expect, test } from 'vitest';

const schema = Supergraph.build(printedSchemas()['supergraph.graphql'] ?? '')
  .apiSchema()
  .toGraphQLJSSchema();
const fields = schema.getSubscriptionType()?.getFields() ?? {};
const payloadOf = (field: GraphQLField<unknown, unknown>) => {
  const type = getNamedType(field.type);
  return isObjectType(type) || isInterfaceType(type) ? type.getFields() : {};
};

test('every subscription field is a topic and every topic a field', () => {
  expect(Object.keys(topics).toSorted()).toEqual(Object.keys(fields).toSorted());
});

/** What `gateway/PROTOCOL.md` promises of every subscription. */
describe.each(Object.values(fields).map((field) => [field.name, field] as const))('%s', (name, field) => {
  test('goes on after a cursor and begins with a snapshot when asked', () => {
    expect(
      Object.fromEntries(field.args.map((argument) => [argument.name, String(argument.type)])),
    ).toMatchObject({ after: 'Cursor', initial: 'Boolean' });
    const { cursor, snapshot } = payloadOf(field);
    expect([String(cursor?.type), String(snapshot?.type)]).toEqual(['Cursor!', 'SnapshotPlace']);
  });

  test('has the key by which the newest counts, where it does', () => {
    const topic = topics[name];
    if (topic?.kind === 'STATE') expect(String(payloadOf(field)[topic.key]?.type)).toMatch(/^(ID|String)!$/);
    else expect(topic).toEqual({ kind: 'LOG' });
  });
});
