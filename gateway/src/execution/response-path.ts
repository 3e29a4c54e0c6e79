import { hasOwn } from './merge.ts';

export type ResponsePath = readonly (string | number)[];

/**
 * What lies at a plan's path below `value`; `@` steps into a list. With an `@` the result is the flat list of
 * everything met, nulls included. Throws where the data has not the shape that the plan counts on.
 */
export function valuesAt(value: unknown, path: ResponsePath): unknown {
  const at = path.indexOf('@');
  if (at === -1) return valueAt(value, path, 0, path.length);
  const list = valueAt(value, path, 0, at);
  if (list === undefined || list === null) return list;
  const found: unknown[] = [];
  collect(list, path, at, found);
  return found;
}

function valueAt(value: unknown, path: ResponsePath, from: number, to: number): unknown {
  let current = value;
  for (let index = from; index < to; index += 1) {
    if (current === undefined || current === null) return current;
    current = member(current, path[index]);
  }
  return current;
}

function collect(value: unknown, path: ResponsePath, from: number, found: unknown[]): void {
  let current = value;
  for (let index = from; index < path.length; index += 1) {
    if (current === undefined || current === null) break;
    if (path[index] === '@') {
      if (!Array.isArray(current)) throw new TypeError('value.flatMap is not a function');
      for (const element of current) collect(element, path, index + 1, found);
      return;
    }
    current = member(current, path[index]);
  }
  if (Array.isArray(current)) found.push(...current);
  else found.push(current);
}

function member(value: unknown, key: string | number | undefined): unknown {
  if (typeof key !== 'string') throw new Error(`Unexpected ${typeof key} found in path`);
  if (Array.isArray(value)) throw new Error(`Unexpected array in result for path element ${key}`);
  return hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
}

/** The response paths of all that {@link valuesAt} finds and that is not null, in the same order. */
export function hydratedPaths(path: ResponsePath, data: unknown): ResponsePath[] {
  const found: ResponsePath[] = [];
  hydrate([], path, 0, data, found);
  return found;
}

function hydrate(
  parent: (string | number)[],
  path: ResponsePath,
  from: number,
  data: unknown,
  found: ResponsePath[],
): void {
  if (data === null || data === undefined) return;
  const head = path[from];
  if (head === undefined) {
    found.push(parent.slice());
    return;
  }
  if (head === '@' && !Array.isArray(data)) throw new Error('expected array when encountering `@`');
  if (Array.isArray(data)) {
    const next = head === '@' ? from + 1 : from;
    for (const [index, element] of data.entries()) {
      parent.push(index);
      hydrate(parent, path, next, element, found);
      parent.pop();
    }
  } else if (typeof head !== 'string') {
    throw new Error(`unknown path part "${head}"`);
  } else if (hasOwn(data, head)) {
    parent.push(head);
    hydrate(parent, path, from + 1, (data as Record<string, unknown>)[head], found);
    parent.pop();
  }
}
