/** How much came lately: in the present span of time and the one before. */
export class Pace {
  readonly #milliseconds: number;
  #began = 0;
  #present = 0;
  #before = 0;

  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds;
  }

  /** @returns what came in the fuller of the two. */
  note(count: number, now: number): number {
    const since = now - this.#began;
    if (since > this.#milliseconds) {
      this.#before = since > 2 * this.#milliseconds ? 0 : this.#present;
      this.#present = 0;
      this.#began = now;
    }
    this.#present += count;
    return Math.max(this.#present, this.#before);
  }
}
