import { readFile } from 'node:fs/promises';

/**
 * Datagrams that the kernel dropped because the sockets' buffers were full, since they were bound. Null where the system
 * does not tell (it is Linux's `/proc/net/udp`).
 */
export async function kernelDrops(ports: readonly number[]): Promise<number | null> {
  const tables = await Promise.all(['/proc/net/udp', '/proc/net/udp6'].map(readTable));
  if (tables.every((table) => table === null)) return null;
  return dropsIn(tables.join('\n'), ports);
}

/** Sums the column `drops` of the lines whose local port is one of these. */
export function dropsIn(table: string, ports: readonly number[]): number {
  let drops = 0;
  for (const line of table.split('\n')) {
    const columns = line.trim().split(/\s+/);
    const port = Number.parseInt(columns[1]?.split(':').at(-1) ?? '', 16);
    if (/^\d+:$/.test(columns[0] ?? '') && ports.includes(port)) drops += Number(columns.at(-1) ?? 0);
  }
  return drops;
}

async function readTable(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
