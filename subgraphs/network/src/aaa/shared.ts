/** More different values than plans make: something is not shared by many, and keeping it saves nothing. */
const most = 10_000;

/**
 * One copy of what many rows say alike. A hundred thousand subscribers on twenty plans have twenty speeds in memory, and
 * who asks whether two have the same need not look into them.
 */
export class Shared {
  readonly #objects = new Map<string, object>();
  readonly #texts = new Map<string, string>();

  object<T extends object | null>(value: T): T {
    if (value === null) return value;
    const key = JSON.stringify(value);
    const known = this.#objects.get(key);
    if (known !== undefined) return known as T;
    if (this.#objects.size >= most) this.#objects.clear();
    this.#objects.set(key, value);
    return value;
  }

  text(value: string): string {
    const known = this.#texts.get(value);
    if (known !== undefined) return known;
    if (this.#texts.size >= most) this.#texts.clear();
    this.#texts.set(value, value);
    return value;
  }
}
