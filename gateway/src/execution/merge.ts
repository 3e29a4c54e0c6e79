type Json = Record<string, unknown>;

export function hasOwn(object: unknown, key: string): boolean {
  // biome-ignore lint/suspicious/noPrototypeBuiltins: also asked of primitives, for which Object.hasOwn is slower
  return Object.prototype.hasOwnProperty.call(object, key);
}

/**
 * Merges a subgraph's answer into what other subgraphs said of the same object, as the stock gateway does:
 * objects and lists of equal length member by member, everything else replaced. The source is shared, not copied.
 */
export function deepMerge(target: Json, source: Json | null | undefined): void {
  if (source === undefined || source === null) return;
  for (const key of Object.keys(source)) {
    const value = source[key];
    if (value === undefined) continue;
    const existing = ownValue(target, key);
    if (existing && isObject(value)) {
      deepMerge(existing as Json, value);
    } else if (Array.isArray(value) && Array.isArray(existing) && value.length === existing.length) {
      mergeLists(existing, value);
    } else {
      target[key] = value;
    }
  }
}

function mergeLists(target: unknown[], source: readonly unknown[]): void {
  for (const [index, value] of source.entries()) {
    const existing = target[index];
    if (isObject(existing) && isObject(value)) deepMerge(existing, value);
    else target[index] = value;
  }
}

/** The target's own value; a key that a prototype also has (`constructor`) becomes an own one first. */
function ownValue(target: Json, key: string): unknown {
  if (key in target && !hasOwn(target, key)) {
    Object.defineProperty(target, key, {
      configurable: true,
      enumerable: true,
      value: undefined,
      writable: true,
    });
  }
  return target[key];
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A copy of a parsed JSON value that shares nothing with it. */
export function cloneJson<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(cloneJson) as Value;
  const copy: Json = {};
  for (const [key, member] of Object.entries(value)) {
    if (key === '__proto__')
      Object.defineProperty(copy, key, {
        value: cloneJson(member),
        enumerable: true,
        writable: true,
        configurable: true,
      });
    else copy[key] = cloneJson(member);
  }
  return copy as Value;
}
