import { readdirSync, readFileSync } from 'node:fs';

/** The kernel counts CPU time in ticks of a hundredth of a second (`getconf CLK_TCK` on every Linux). */
const microsecondsPerTick = 10_000;

/** CPU time of a process with all its threads, user and system, in microseconds. */
export function processTime(pid: number): number {
  const { user, system } = statOf(pid);
  return (user + system) * microsecondsPerTick;
}

/** CPU time of a process and of all its children, those that have ended included, in microseconds. */
export function familyTime(pid: number): number {
  const own = statOf(pid);
  let ticks = own.user + own.system + own.endedChildren;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const child = statOf(Number(name));
      if (child.parent === pid) ticks += child.user + child.system;
    } catch {
      // It ended while we looked: its parent's figure has it.
    }
  }
  return ticks * microsecondsPerTick;
}

/** Fields of `/proc/<pid>/stat`, proc(5); those after the program's name in parentheses. */
function statOf(pid: number) {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const field = (number: number) => Number(fields[number - 3]);
  return { parent: field(4), user: field(14), system: field(15), endedChildren: field(16) + field(17) };
}
