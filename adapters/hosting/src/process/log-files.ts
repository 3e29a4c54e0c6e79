import {
  copyFileSync,
  existsSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { join } from 'node:path';

const LARGEST_BYTES = 8 * 1024 * 1024;
const KEPT = 3;

function file(directory: string, index: number): string {
  return join(directory, index === 0 ? 'current.jsonl' : `${index}.jsonl`);
}

/** Opens the current log for appending; the process writes to it itself, whether or not we live. */
export function openLog(directory: string): number {
  return openSync(file(directory, 0), 'a', 0o600);
}

/**
 * Moves a log that has grown too large aside. The writer keeps its descriptor, so the content is copied and the
 * file cut to zero: what is written between the two is lost, which is the price of needing no live parent.
 */
export function rotateLog(directory: string): void {
  const current = file(directory, 0);
  if (!existsSync(current) || statSync(current).size < LARGEST_BYTES) return;
  rmSync(file(directory, KEPT), { force: true });
  for (let index = KEPT - 1; index >= 1; index -= 1) {
    if (existsSync(file(directory, index))) renameSync(file(directory, index), file(directory, index + 1));
  }
  copyFileSync(current, file(directory, 1));
  truncateSync(current, 0);
}

/** Lines of the older files, oldest first; the current one is read by `readCurrent`. */
export function* readRotated(directory: string): Generator<string> {
  for (let index = KEPT; index >= 1; index -= 1) {
    if (existsSync(file(directory, index)))
      yield* completeLines(readFileSync(file(directory, index), 'utf8'));
  }
}

/** Complete lines of the current file from a byte offset on, and the offset behind the last of them. */
export function readCurrent(directory: string, offset: number): { lines: string[]; offset: number } {
  const current = file(directory, 0);
  if (!existsSync(current)) return { lines: [], offset: 0 };
  const content = readFileSync(current);
  const from = content.length < offset ? 0 : offset;
  const end = content.lastIndexOf(0x0a) + 1;
  if (end <= from) return { lines: [], offset: from };
  return { lines: completeLines(content.subarray(from, end).toString('utf8')), offset: end };
}

function completeLines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}
