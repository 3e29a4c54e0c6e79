import { GraphQLError } from 'graphql';
import type { SubgraphClient, SubgraphError, SubgraphResponse } from '../executor.ts';
import { type Random, seededRandom } from './random.ts';

type Json = Record<string, unknown>;

/**
 * Spoils the answers of a client. What happens follows from the seed, the subgraph and the question alone, and for
 * an entity from its representation alone: an executor that merges questions must come to the same answer.
 */
export function faultyClient(client: SubgraphClient, seed: string): SubgraphClient {
  return {
    async fetch(subgraph, request, context) {
      const { representations, ...variables } = request.variables;
      const text = request.operationName
        ? request.query.replace(` ${request.operationName}`, '')
        : request.query;
      const question = `${seed} ${subgraph} ${text} ${JSON.stringify(variables)}`;
      const random = seededRandom(question);
      if (random.chance(0.06)) throw networkError(random);
      const response = await client.fetch(subgraph, request, context);
      const whole = wholeFault(response, random);
      if (whole !== null) return whole;
      return Array.isArray(representations)
        ? spoilEntities(response, representations, question, random)
        : spoilFields(response, random);
    },
  };
}

function networkError(random: Random): Error {
  return random.pick([
    new Error('connect ECONNREFUSED'),
    new GraphQLError('Subgraph did not answer', { extensions: { code: 'SUBGRAPH_TIMEOUT' } }),
  ]);
}

function wholeFault(response: SubgraphResponse, random: Random): SubgraphResponse | null {
  if (!random.chance(0.1)) return null;
  return random.pick<SubgraphResponse>([
    { errors: [{ message: 'Not allowed', extensions: { code: 'FORBIDDEN' } }] },
    { data: null, errors: [{ message: 'Broken' }, { message: '', path: ['broken'] }] },
    { ...response, errors: [] },
    { ...response, errors: [{ message: 'Partial', path: [] }] },
    { ...response, errors: [{ message: 'Known code', extensions: { code: 'INVALID_GRAPHQL', more: [1] } }] },
    { data: {} },
    { data: null },
    {},
  ]);
}

function spoilFields(response: SubgraphResponse, random: Random): SubgraphResponse {
  const { data } = response;
  if (!data || !random.chance(0.6)) return response;
  const errors: SubgraphError[] = [];
  spoil(data, [], errors, random);
  return errors.length === 0 ? response : { ...response, errors: [...(response.errors ?? []), ...errors] };
}

function spoilEntities(
  response: SubgraphResponse,
  representations: readonly unknown[],
  question: string,
  random: Random,
): SubgraphResponse {
  const entities = response.data?._entities;
  if (!Array.isArray(entities)) return response;
  if (random.chance(0.05)) return { data: { _entities: entities.slice(1) } };
  if (random.chance(0.03)) return { data: { _entities: random.pick([null, 'text', {}]) } };
  if (random.chance(0.4)) return response;
  const errors: SubgraphError[] = [...(response.errors ?? [])];
  const spoiled = entities.map((entity: Json | null, index) => {
    const own = seededRandom(`${question} ${JSON.stringify(representations[index])}`);
    if (own.chance(0.1)) {
      if (own.chance(0.5)) errors.push({ message: 'No such entity', path: ['_entities', index] });
      return null;
    }
    if (entity !== null && own.chance(0.5)) spoil(entity, ['_entities', index], errors, own);
    return entity;
  });
  return { data: { _entities: spoiled }, ...(errors.length === 0 ? {} : { errors }) };
}

/** Spoils one member somewhere below the value. */
function spoil(value: Json, path: (string | number)[], errors: SubgraphError[], random: Random): void {
  const keys = Object.keys(value);
  if (keys.length === 0) return;
  const key = random.pick(keys);
  const member = value[key];
  const below = descend(member, [...path, key], random);
  if (below !== null && random.chance(0.7)) {
    spoil(below.value, below.path, errors, random);
    return;
  }
  if (key === '__typename' || random.chance(0.1)) {
    value.__typename = random.pick(['Nope', undefined, 'Customer', 'Device', 'Router', 'State', '', null, 5]);
    if (value.__typename === undefined) delete value.__typename;
    return;
  }
  if (random.chance(0.1)) value.unasked = 'extra';
  value[key] = random.pick([
    null,
    null,
    null,
    undefined,
    'wrong',
    7,
    1.5,
    1e21,
    true,
    [],
    [null],
    {},
    member,
  ]);
  if (value[key] === undefined) delete value[key];
  if (random.chance(0.5)) {
    const error: SubgraphError = { message: `No ${key}`, path: [...path, key] };
    errors.push(random.chance(0.3) ? { ...error, extensions: { code: 'NOT_FOUND' } } : error);
  }
}

function descend(
  member: unknown,
  path: (string | number)[],
  random: Random,
): { value: Json; path: (string | number)[] } | null {
  if (typeof member !== 'object' || member === null) return null;
  if (!Array.isArray(member)) return { value: member as Json, path };
  if (member.length === 0) return null;
  const index = random.below(member.length);
  return descend(member[index], [...path, index], random);
}
