import type { SensorSource } from '../profile/schema.ts';

/** A guess with its reason, for the person who must confirm it. */
export interface Guess<S> {
  readonly source: S;
  readonly why: string;
}

/** What cannot be guessed but may well be of use: a person who has the maker's document can say. */
export interface Undecided {
  readonly oid: string;
  readonly why: string;
}

export interface Guesses {
  readonly sensors: readonly Guess<SensorSource>[];
  readonly undecided: readonly Undecided[];
}
