import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Marks } from './mark-rules.ts';

const bootIdFile = '/proc/sys/kernel/random/boot_id';

/** What names this run of the machine; null where nothing does, and every start counts as one after a power cut. */
function bootId(): string | null {
  try {
    return readFileSync(bootIdFile, 'utf8').trim();
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}

/**
 * How far lending may go, on disk and synced before it goes there: a few hundred new leases ahead, so that no login waits for the
 * disk. After a power cut, what was lent and lost is among what the marks allowed.
 */
export class MarkFile {
  readonly #folder: string;
  readonly #boot: string | null;

  constructor(folder: string, boot: string | null = bootId()) {
    this.#folder = folder;
    this.#boot = boot;
  }

  /** The last marks, and whether the machine has run on since; null when there are none. */
  read(): { readonly marks: Marks; readonly sameBoot: boolean } | null {
    let text: string;
    try {
      text = readFileSync(this.#path, 'utf8');
    } catch (error) {
      if (isAbsent(error)) return null;
      throw error;
    }
    const { boot, marks } = JSON.parse(text) as { boot: string | null; marks: Marks };
    return { marks, sameBoot: boot !== null && boot === this.#boot };
  }

  /**
   * Synced when it returns; as before when it throws.
   * @param certain false while what was lent before a power cut is in doubt: it still is for the next process then.
   */
  write(marks: Marks, certain: boolean): void {
    const next = `${this.#path}.next`;
    const file = openSync(next, 'w', 0o600);
    try {
      writeSync(file, JSON.stringify({ boot: certain ? this.#boot : null, marks }));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(next, this.#path);
    const folder = openSync(this.#folder, 'r');
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  }

  get #path(): string {
    return join(this.#folder, 'marks');
  }
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
