import type { AttributeDefinition, Dictionary, VendorDefinition } from './dictionary.ts';

/** A dictionary that gives way to another at run time, for everybody who holds it. */
export class LiveDictionary implements Dictionary {
  #now: Dictionary;
  /** What was decoded by a name of before can still be sent on: a request on its way to a home server. */
  #before: Dictionary | null = null;

  constructor(first: Dictionary) {
    this.#now = first;
  }

  use(next: Dictionary): void {
    this.#before = this.#now;
    this.#now = next;
  }

  get vendors(): ReadonlyMap<number, VendorDefinition> {
    return this.#now.vendors;
  }

  get byOid(): ReadonlyMap<string, AttributeDefinition> {
    return this.#now.byOid;
  }

  attribute(name: string): AttributeDefinition | undefined {
    return this.#now.attribute(name) ?? this.#before?.attribute(name);
  }

  entries(): IterableIterator<AttributeDefinition> {
    return this.#now.entries();
  }
}
