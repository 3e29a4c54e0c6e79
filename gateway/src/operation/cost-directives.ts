import {
  type DefinitionNode,
  type DirectiveNode,
  type FieldDefinitionNode,
  Kind,
  parse,
  valueFromASTUntyped,
} from 'graphql';

export interface ListSize {
  readonly assumedSize?: number;
  readonly slicingArguments?: readonly string[];
  readonly sizedFields?: readonly string[];
}

/** What a supergraph says about costs (Apollo's `cost` specification, version 0.1). */
export interface CostDirectives {
  /** By `Type.field`. */
  readonly fieldWeights: ReadonlyMap<string, number>;
  readonly typeWeights: ReadonlyMap<string, number>;
  readonly listSizes: ReadonlyMap<string, ListSize>;
}

/** Reads `@cost` and `@listSize` from a supergraph. */
export function readCostDirectives(supergraphSdl: string): CostDirectives {
  const fieldWeights = new Map<string, number>();
  const typeWeights = new Map<string, number>();
  const listSizes = new Map<string, ListSize>();
  for (const definition of parse(supergraphSdl, { noLocation: true }).definitions) {
    if (!('directives' in definition) || !('name' in definition) || definition.name === undefined) continue;
    const typeName = definition.name.value;
    const weight = weightOf(definition.directives);
    if (weight !== undefined) typeWeights.set(typeName, weight);
    for (const field of fieldsOf(definition)) {
      const coordinate = `${typeName}.${field.name.value}`;
      const fieldWeight = weightOf(field.directives);
      if (fieldWeight !== undefined) fieldWeights.set(coordinate, fieldWeight);
      const size = directive(field.directives, 'listSize');
      if (size !== undefined) listSizes.set(coordinate, withoutNulls(size));
    }
  }
  return { fieldWeights, typeWeights, listSizes };
}

function fieldsOf(definition: DefinitionNode): readonly FieldDefinitionNode[] {
  const hasFields =
    definition.kind === Kind.OBJECT_TYPE_DEFINITION || definition.kind === Kind.INTERFACE_TYPE_DEFINITION;
  return hasFields ? (definition.fields ?? []) : [];
}

function weightOf(directives: readonly DirectiveNode[] | undefined): number | undefined {
  const weight = Number(directive(directives, 'cost')?.weight ?? Number.NaN);
  return Number.isFinite(weight) ? weight : undefined;
}

/** The arguments of a directive, whether or not its name carries the namespace of its specification. */
function directive(
  directives: readonly DirectiveNode[] | undefined,
  name: string,
): Record<string, unknown> | undefined {
  const found = directives?.find(({ name: { value } }) => value === name || value === `cost__${name}`);
  if (found === undefined) return undefined;
  const values = (found.arguments ?? []).map((argument): [string, unknown] => [
    argument.name.value,
    valueFromASTUntyped(argument.value),
  ]);
  return Object.fromEntries(values);
}

function withoutNulls(values: Record<string, unknown>): ListSize {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null)) as ListSize;
}
