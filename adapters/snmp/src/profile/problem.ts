/** Something wrong in a profile: where (`sensors.3.column`), and what would be right. */
export interface ProfileProblem {
  readonly path: string;
  readonly message: string;
}

/** A profile that cannot be used. The message names the file and every problem. */
export class ProfileError extends Error {
  override readonly name = 'ProfileError';
  readonly problems: readonly ProfileProblem[];

  constructor(file: string, problems: readonly ProfileProblem[]) {
    super(
      [`${file}:`, ...problems.map(({ path, message }) => `  ${path || 'the file'} ${message}`)].join('\n'),
    );
    this.problems = problems;
  }
}
