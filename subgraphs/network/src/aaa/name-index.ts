import { randomInt } from 'node:crypto';

interface Named {
  readonly username: string;
}

/**
 * By login name, and by the octets of one as they stand in a packet: the path of every login, on which making a text of them
 * and looking that up costs as much as checking a password.
 */
export class NameIndex<Value extends Named> {
  /** By hash of the name's UTF-8. */
  readonly #byHash = new Map<number, Value>();
  /** The few whose hash another had before them. */
  readonly #further = new Map<number, readonly Value[]>();
  /** Who chooses names shall not know which of them share a hash. */
  readonly #seed = randomInt(2 ** 31);

  get(username: string): Value | null {
    const octets = Buffer.from(username, 'utf8');
    return this.find(octets, 0, octets.length);
  }

  /** The one named by `octets[start, end)`, or null. */
  find(octets: Uint8Array, start: number, end: number): Value | null {
    const hash = this.#hash(octets, start, end);
    const known = this.#byHash.get(hash);
    if (known === undefined) return null;
    if (isNamed(known.username, octets, start, end)) return known;
    return this.#furtherOf(hash).find(({ username }) => isNamed(username, octets, start, end)) ?? null;
  }

  /** Replaces the one of the same name. */
  set(value: Value): void {
    this.delete(value.username);
    const hash = this.#hashOf(value.username);
    if (this.#byHash.has(hash)) this.#further.set(hash, [...this.#furtherOf(hash), value]);
    else this.#byHash.set(hash, value);
  }

  delete(username: string): void {
    const hash = this.#hashOf(username);
    const known = this.#byHash.get(hash);
    if (known === undefined) return;
    const [first, ...others] = [known, ...this.#furtherOf(hash)].filter((one) => one.username !== username);
    if (first === undefined) this.#byHash.delete(hash);
    else if (first !== known) this.#byHash.set(hash, first);
    if (others.length > 0) this.#further.set(hash, others);
    else this.#further.delete(hash);
  }

  #furtherOf(hash: number): readonly Value[] {
    return this.#further.get(hash) ?? [];
  }

  #hashOf(username: string): number {
    const octets = Buffer.from(username, 'utf8');
    return this.#hash(octets, 0, octets.length);
  }

  /** FNV-1a of 32 bits, begun with the seed. */
  #hash(octets: Uint8Array, start: number, end: number): number {
    let hash = this.#seed;
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ (octets[at] as number), 0x01000193);
    return hash;
  }
}

/** Whether octets are a name in UTF-8. */
function isNamed(username: string, octets: Uint8Array, start: number, end: number): boolean {
  for (let at = 0; at < username.length; at++) {
    const unit = username.charCodeAt(at);
    if (unit > 127) return Buffer.from(username, 'utf8').equals(octets.subarray(start, end));
    if (start + at >= end || unit !== octets[start + at]) return false;
  }
  return username.length === end - start;
}
