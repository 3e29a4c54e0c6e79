import type { QueryPlanSelectionNode } from '@apollo/query-planner';
import { type GraphQLSchema, isAbstractType, isInterfaceType, isObjectType } from 'graphql';
import { deepMerge, hasOwn } from './merge.ts';

type Json = Record<string, unknown>;

/** Builds what a subgraph needs to know an entity by; `null` when the entity lacks a field of it. */
export type RepresentationBuilder = (source: unknown) => Json | null;

/**
 * Compiles the `requires` selection of a fetch. Built objects follow the stock gateway's rules: a missing field
 * gives `null`, fragments apply by `__typename`, lists are mapped.
 */
export function compileRequires(
  selections: readonly QueryPlanSelectionNode[],
  supergraphSchema: GraphQLSchema,
): RepresentationBuilder {
  const steps = selections.map((selection) => compileStep(selection, supergraphSchema));
  return (source) => {
    if (source === null) return null;
    const result: Json = {};
    for (const step of steps) if (!step(source as Json, result)) return null;
    return result;
  };
}

/** Adds to the result; `false` when the source lacks what is required. */
type Step = (source: Json, result: Json) => boolean;

function compileStep(selection: QueryPlanSelectionNode, schema: GraphQLSchema): Step {
  if (selection.kind === 'Field') {
    const name = selection.alias ?? selection.name;
    const build = selection.selections === undefined ? null : compileRequires(selection.selections, schema);
    return (source, result) => {
      const value = hasOwn(source, name) ? source[name] : undefined;
      if (value === undefined) return false;
      result[name] = build === null ? value : Array.isArray(value) ? value.map(build) : build(value);
      return true;
    };
  }
  const { typeCondition } = selection;
  if (typeCondition === undefined) return () => true;
  const build = compileRequires(selection.selections, schema);
  const applies = typeTest(typeCondition, schema);
  return (source, result) => {
    if (source && applies(source.__typename)) deepMerge(result, build(source));
    return true;
  };
}

/** Whether an object of a type name is of the condition's type, remembered per type of the schema. */
function typeTest(condition: string, schema: GraphQLSchema): (typename: unknown) => boolean {
  const known = new Set<string>();
  const conditionType = schema.getType(condition);
  for (const type of Object.values(schema.getTypeMap())) {
    const applies =
      type.name === condition ||
      (isAbstractType(conditionType) &&
        (isObjectType(type) || isInterfaceType(type)) &&
        schema.isSubType(conditionType, type));
    if (applies) known.add(type.name);
  }
  return (typename) => typename === condition || known.has(typename as string);
}
