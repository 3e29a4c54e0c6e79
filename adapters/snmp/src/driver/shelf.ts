import { checkProfile } from '../profile/check.ts';
import { ProfileError, type ProfileProblem } from '../profile/problem.ts';
import type { Profile } from '../profile/schema.ts';

/** The profiles a tenant adds to ours while it runs. Those with an id of ours stand in place of it. */
export class ProfileShelf {
  #own: readonly Profile[] = [];

  get own(): readonly Profile[] {
    return this.#own;
  }

  /** Everything wrong in a profile, each with its place and what would be right; the check that ours pass. */
  check(content: unknown): readonly ProfileProblem[] {
    return checkProfile(content);
  }

  /** From now on these are used, at each device's next probe. @throws ProfileError and keeps the ones before. */
  use(contents: readonly unknown[]): void {
    for (const content of contents) {
      const problems = checkProfile(content);
      if (problems.length > 0)
        throw new ProfileError(String((content as { id?: unknown } | null)?.id ?? 'profile'), problems);
    }
    this.#own = contents as readonly Profile[];
  }
}
