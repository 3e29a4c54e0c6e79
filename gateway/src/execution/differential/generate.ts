import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import { type Random, seededRandom } from './random.ts';

export interface GeneratedOperation {
  readonly query: string;
  readonly variables: Record<string, unknown>;
}

interface Generation {
  readonly schema: GraphQLSchema;
  readonly random: Random;
  readonly variables: Map<string, { readonly type: string; readonly value: unknown }>;
  readonly fragments: string[];
}

/** A random operation over an API schema. It need not be valid: aliases may clash. */
export function generateOperation(schema: GraphQLSchema, seed: string): GeneratedOperation {
  const random = seededRandom(seed);
  const generation: Generation = { schema, random, variables: new Map(), fragments: [] };
  const mutation = schema.getMutationType();
  const isMutation = mutation !== undefined && mutation !== null && random.chance(0.1);
  const root = isMutation ? mutation : schema.getQueryType();
  if (!root) throw new Error('the schema has no Query');
  const selections = selectionSet(root, 2 + random.below(4), generation);
  const definitions = [...generation.variables].map(([name, { type }]) => `$${name}: ${type}`);
  const kind = isMutation ? 'mutation' : 'query';
  const name = random.chance(0.5) ? 'Named' : '';
  const head = definitions.length > 0 ? `${kind} ${name}(${definitions.join(', ')})` : `${kind} ${name}`;
  const given = [...generation.variables].filter(([, { value }]) => value !== undefined);
  return {
    query: [`${head} ${selections}`, ...generation.fragments].join('\n'),
    variables: Object.fromEntries(given.map(([name, { value }]) => [name, value])),
  };
}

function selectionSet(type: GraphQLNamedType, depth: number, generation: Generation): string {
  const { random } = generation;
  const selections: string[] = [];
  const count = 1 + random.below(4);
  for (let index = 0; index < count; index += 1) {
    const selection = random.chance(0.25)
      ? fragment(type, depth, generation)
      : field(type, depth, generation);
    if (selection !== null) selections.push(selection);
  }
  if (selections.length === 0) selections.push('__typename');
  return `{ ${selections.join(' ')} }`;
}

function field(type: GraphQLNamedType, depth: number, generation: Generation): string | null {
  const { random } = generation;
  if (random.chance(0.1)) return random.pick(['__typename', 'kind: __typename']) + condition(generation);
  if (!isObjectType(type) && !isInterfaceType(type)) return null;
  const fields = Object.values(type.getFields()).filter(
    (candidate) => depth > 0 || !isCompositeType(getNamedType(candidate.type)),
  );
  if (fields.length === 0) return null;
  const chosen: GraphQLField<unknown, unknown> = random.pick(fields);
  const alias = random.chance(0.15) ? `${random.pick(['a', 'b'])}_${chosen.name}: ` : '';
  const named = getNamedType(chosen.type);
  const below = isCompositeType(named) ? ` ${selectionSet(named, depth - 1, generation)}` : '';
  return `${alias}${chosen.name}${argumentList(chosen.args, generation)}${condition(generation)}${below}`;
}

function fragment(type: GraphQLNamedType, depth: number, generation: Generation): string {
  const { random, schema, fragments } = generation;
  const candidates = Object.values(schema.getTypeMap()).filter(
    (other) =>
      isCompositeType(other) &&
      isCompositeType(type) &&
      !other.name.startsWith('__') &&
      overlap(schema, type, other),
  );
  const condition_ = condition(generation);
  const on = random.pick(candidates);
  if (random.chance(0.3)) return `...${condition_} ${selectionSet(type, depth, generation)}`;
  const body = selectionSet(on, depth, generation);
  if (random.chance(0.6)) return `... on ${on.name}${condition_} ${body}`;
  const name = `F${fragments.length}`;
  fragments.push(`fragment ${name} on ${on.name} ${body}`);
  return `...${name}${condition_}`;
}

function overlap(schema: GraphQLSchema, one: GraphQLNamedType, other: GraphQLNamedType): boolean {
  const possible = (type: GraphQLNamedType): readonly string[] =>
    isObjectType(type)
      ? [type.name]
      : isCompositeType(type)
        ? schema.getPossibleTypes(type).map(({ name }) => name)
        : [];
  const names = new Set(possible(one));
  return possible(other).some((name) => names.has(name));
}

function condition(generation: Generation): string {
  const { random, variables } = generation;
  if (!random.chance(0.12)) return '';
  const directive = random.pick(['skip', 'include']);
  if (random.chance(0.2)) return ` @${directive}(if: ${random.chance(0.5)})`;
  const name = random.pick(['x', 'y', 'z']);
  if (!variables.has(name)) {
    const type = random.pick(['Boolean!', 'Boolean! = true', 'Boolean = false']);
    const value = type === 'Boolean!' || random.chance(0.7) ? random.chance(0.5) : undefined;
    variables.set(name, { type, value });
  }
  return ` @${directive}(if: $${name})`;
}

/** The same arguments for the same field each time, so that equal response names do not clash. */
function argumentList(args: readonly GraphQLArgument[], { variables, random }: Generation): string {
  const given = args.flatMap(({ name, type }) => {
    const variable = `v_${name}`;
    const required = isNonNullType(type);
    const existing = variables.get(variable);
    if (existing === undefined && !required && random.chance(0.5)) return [];
    if (existing === undefined) {
      const nullable = isNonNullType(type) ? type.ofType : type;
      const value = sampleValue(getNamedType(type).name, random);
      variables.set(variable, { type: String(type), value: isListType(nullable) ? [value, value] : value });
    }
    return [`${name}: $${variable}`];
  });
  return given.length === 0 ? '' : `(${given.join(', ')})`;
}

function sampleValue(type: string, random: Random): unknown {
  switch (type) {
    case 'Int':
      return random.below(4);
    case 'Boolean':
      return random.chance(0.5);
    case 'State':
      return random.pick(['OPEN', 'CLOSED']);
    default:
      return random.pick(['c1', 'c2', 's1', 'd1', 'd3', 'cpe', 'Session', 'Customer 1']);
  }
}
