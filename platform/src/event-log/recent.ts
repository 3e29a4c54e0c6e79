import type { Sequenced, SequencerPass } from './sequencer.ts';

/** At fifty passes a second a reader may be this many behind and still be spared a look. */
const mostRuns = 256;

/**
 * Which types of events the last passes of this process's sequencer placed where, so that a reader of other types moves
 * on without asking the database: when ten thousand sessions a second are told of, who waits for a new password reads none.
 */
export class RecentTypes {
  /** Without gaps, up to `#head`. */
  #runs: Sequenced[] = [];
  #head: bigint | null = null;

  /** What a pass found. When somebody else has placed events, they are unknown, and readers look for themselves. */
  note({ sequenced, position }: SequencerPass): void {
    const known = this.#runs.at(-1)?.to ?? this.#head;
    if (position === null || known !== (sequenced?.after ?? position)) this.#runs = [];
    if (sequenced !== null) this.#runs.push(sequenced);
    if (this.#runs.length > mostRuns) this.#runs.shift();
    this.#head = position;
  }

  /** How far nothing of these types lies after a position, as of the last pass; null when that must be looked up. */
  quietUntil(position: bigint, types: readonly string[]): bigint | null {
    const head = this.#head;
    if (head === null || position > head) return null;
    if (position === head) return head;
    const first = this.#runs[0];
    if (first === undefined || first.after > position) return null;
    const passed = this.#runs.filter((run) => run.to > position);
    return passed.some((run) => types.some((type) => run.types.has(type))) ? null : head;
  }
}
