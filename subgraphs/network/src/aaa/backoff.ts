/** Wrong passwords that are looked at before a line has to wait. */
const patience = 5;
const longestMilliseconds = 60_000;
const mostLines = 10_000;

/** How long a line waits after so many wrong passwords in a row: 2, 4, 8 … 60 s from the fifth on. */
export function backoffMilliseconds(failures: number): number {
  return failures < patience
    ? 0
    : Math.min(longestMilliseconds, 2_000 * 2 ** Math.min(failures - patience, 10));
}

/** What is known of a line's wrong passwords. */
export interface Attempts {
  readonly failures: number;
  /** Until when its passwords are not looked at, milliseconds since the epoch. */
  readonly until: number;
}

/**
 * Wrong passwords by login name and line. `right` is the password that they are not: when another takes its place, the count
 * begins anew, so that a new password works at once. Bounded: the line that was silent longest is forgotten first.
 */
export class Backoff {
  readonly #lines = new Map<string, Attempts & { readonly right: string }>();

  /** Nobody has given a wrong password. */
  get idle(): boolean {
    return this.#lines.size === 0;
  }

  attempts(username: string, mac: string | null, right: string): Attempts | null {
    if (this.#lines.size === 0) return null;
    const known = this.#lines.get(keyOf(username, mac));
    return known?.right === right ? known : null;
  }

  failed(username: string, mac: string | null, right: string, now: number): void {
    const key = keyOf(username, mac);
    const failures = (this.attempts(username, mac, right)?.failures ?? 0) + 1;
    this.#lines.delete(key);
    if (this.#lines.size >= mostLines)
      for (const oldest of this.#lines.keys()) {
        this.#lines.delete(oldest);
        break;
      }
    this.#lines.set(key, { right, failures, until: now + backoffMilliseconds(failures) });
  }

  succeeded(username: string, mac: string | null): void {
    if (this.#lines.size > 0) this.#lines.delete(keyOf(username, mac));
  }
}

function keyOf(username: string, mac: string | null): string {
  return `${mac ?? ''} ${username}`;
}
