import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks per second of `/proc`, which Linux fixes at 100 for user space. */
const ticksPerSecond = 100;

/** CPU seconds so far of a PostgreSQL server, ended backends included; `postmaster` is its process id. Linux only. */
export function serverCpuSeconds(postmaster: number): number {
  let ticks = 0;
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const fields = statOf(entry);
    if (fields === null) continue;
    // After the command: state, ppid, …, utime (14th field), stime, cutime, cstime.
    const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = fields.slice(11, 15).map(Number);
    if (entry === `${postmaster}`) ticks += user + system + endedUser + endedSystem;
    else if (fields[1] === `${postmaster}`) ticks += user + system;
  }
  return ticks / ticksPerSecond;
}

/** The parent of a process. */
export function parentOf(process: number): number {
  return Number(statOf(`${process}`)?.[1]);
}

/** What follows the command in `/proc/<pid>/stat`, or null when the process has ended. */
function statOf(process: string): string[] | null {
  try {
    const text = readFileSync(`/proc/${process}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH'))
      return null;
    throw error;
  }
}
