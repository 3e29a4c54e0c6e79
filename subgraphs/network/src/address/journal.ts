import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Lease } from './pool-state.ts';

const name = /^leases\.(\d+)$/;

/**
 * What was lent and is not in the database yet, in files of the tenant's state folder: written before the login is answered, so
 * that no end of the process lends an address twice. Not synced: of the end of the machine the marks take care (`marks.ts`).
 */
export class LeaseJournal {
  readonly #folder: string;
  #number: number;
  #file: number;
  #isEmpty = true;

  private constructor(folder: string, number: number) {
    this.#folder = folder;
    this.#number = number;
    this.#file = openSync(join(folder, `leases.${number}`), 'a', 0o600);
  }

  /** Opens a folder, which is made if need be. @returns what the last process lent and did not get into the database, newest last. */
  static open(folder: string): { readonly journal: LeaseJournal; readonly left: Lease[] } {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const numbers = numbersIn(folder);
    const left = numbers.flatMap((number) => readLeases(join(folder, `leases.${number}`)));
    return { journal: new LeaseJournal(folder, (numbers.at(-1) ?? 0) + 1), left };
  }

  /** On the packet path: in the kernel when it returns. */
  append(leases: readonly Lease[]): void {
    this.#isEmpty = false;
    writeSync(this.#file, leases.map((lease) => `${JSON.stringify(lease)}\n`).join(''));
  }

  /** Begins another file, unless nothing is in this one: while the database is away this is called often. @returns the number up to which files hold what was appended so far. */
  rotate(): number {
    if (this.#isEmpty) return this.#number - 1;
    const before = this.#number;
    const next = openSync(join(this.#folder, `leases.${before + 1}`), 'a', 0o600);
    closeSync(this.#file);
    this.#file = next;
    this.#number = before + 1;
    this.#isEmpty = true;
    return before;
  }

  /** What files up to this number hold is in the database. On disk when it returns: none may come back beside what follows. */
  async forget(upTo: number): Promise<void> {
    for (const number of numbersIn(this.#folder))
      if (number <= upTo) rmSync(join(this.#folder, `leases.${number}`), { force: true });
    const folder = await open(this.#folder);
    await folder.sync().finally(() => folder.close());
  }

  close(): void {
    closeSync(this.#file);
  }
}

function numbersIn(folder: string): number[] {
  return readdirSync(folder)
    .flatMap((file) => name.exec(file)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

/** Up to the first line that is torn: who was lent that was not answered. */
function readLeases(path: string): Lease[] {
  const leases: Lease[] = [];
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    if (line === '') continue;
    try {
      leases.push(JSON.parse(line) as Lease);
    } catch (error) {
      if (error instanceof SyntaxError) return leases;
      throw error;
    }
  }
  return leases;
}
