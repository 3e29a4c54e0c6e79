import type { SnmpSession } from '../engine/session.ts';
import type { Row, TableOptions } from '../engine/table.ts';
import { asBigInt, asNumber, asOid, asText } from '../reading.ts';

export interface ProcessorReading {
  readonly index: string;
  /** The object that carries the reading, with its instance. */
  readonly oid: string;
  readonly name: string;
  /** 0 to 100. */
  readonly usagePercent: number;
}

export interface MemoryReading {
  readonly name: string;
  readonly usedBytes: bigint | null;
  readonly totalBytes: bigint | null;
  /** For devices that give only a share, 0 to 100. */
  readonly usedPercent?: number;
}

export interface HostReadings {
  readonly processors: readonly ProcessorReading[];
  readonly memory: readonly MemoryReading[];
  readonly warnings: readonly string[];
}

const HR_PROCESSOR_LOAD = '1.3.6.1.2.1.25.3.3.1.2';
const HR_DEVICE_DESCR = '1.3.6.1.2.1.25.3.2.1.3';
const hrStorage = '1.3.6.1.2.1.25.2.3.1';
const HR_STORAGE_RAM = '1.3.6.1.2.1.25.2.1.2';
const HR_STORAGE_VIRTUAL = '1.3.6.1.2.1.25.2.1.3';
const HR_STORAGE_OTHER = '1.3.6.1.2.1.25.2.1.1';
const ucdMemory = '1.3.6.1.4.1.2021.4';
const SS_CPU_IDLE = '1.3.6.1.4.1.2021.11.11.0';

/** Which of the sources a device has; what it showed not to have is not asked for again. All are tried at first. */
export interface HostSources {
  processors: boolean;
  storage: boolean;
  ucd: boolean;
}

export function allHostSources(): HostSources {
  return { processors: true, storage: true, ucd: true };
}

/**
 * Processors and memory pools of HOST-RESOURCES-MIB (RFC 2790), else of UCD-SNMP-MIB. Only `sources` are asked; those that
 * turn out not to be there are taken out of it.
 */
export async function readHost(
  session: SnmpSession,
  options: TableOptions,
  sources: HostSources = allHostSources(),
): Promise<HostReadings> {
  const table = async (source: 'processors' | 'storage', columns: readonly string[]) => {
    if (!sources[source]) return nothing;
    const result = await session.table(columns, options);
    if (result.complete && result.rows.size === 0) sources[source] = false;
    return result;
  };
  // hrDeviceDescr shares its index with hrProcessorTable, so both are one walk.
  const devices = await table('processors', [HR_PROCESSOR_LOAD, HR_DEVICE_DESCR]);
  const storage = await table(
    'storage',
    [2, 3, 4, 5, 6].map((column) => `${hrStorage}.${column}`),
  );
  const ucd = sources.ucd
    ? await session.get(
        [SS_CPU_IDLE, ...[3, 4, 5, 6, 13, 14, 15].map((object) => `${ucdMemory}.${object}.0`)],
        options,
      )
    : [];
  sources.ucd = ucd.some((value) => asBigInt(value) !== null);
  const processors = hrProcessors(devices.rows);
  const memory = hrMemory(storage.rows);
  const idle = asNumber(ucd[0]);
  if (processors.length === 0 && idle !== null && idle >= 0 && idle <= 100) {
    processors.push({ index: '0', oid: SS_CPU_IDLE, name: 'CPU', usagePercent: 100 - idle });
  }
  return {
    processors,
    memory: memory.length > 0 ? memory : ucdPools(ucd.slice(1).map(asBigInt)),
    warnings: [...devices.warnings, ...storage.warnings],
  };
}

const nothing = { rows: new Map<string, Row>(), warnings: [] as readonly string[] };

function hrProcessors(rows: ReadonlyMap<string, Row>): ProcessorReading[] {
  const processors: ProcessorReading[] = [];
  for (const [index, [load, descr]] of rows) {
    const usagePercent = asNumber(load);
    if (usagePercent === null || usagePercent < 0 || usagePercent > 100) continue;
    const name = asText(descr) ?? `CPU ${processors.length + 1}`;
    processors.push({ index, oid: `${HR_PROCESSOR_LOAD}.${index}`, name, usagePercent });
  }
  return processors;
}

/** hrStorageTable counts in allocation units of its own per row. Disks are left out. */
function hrMemory(rows: ReadonlyMap<string, Row>): MemoryReading[] {
  const pools: { name: string; totalBytes: bigint; usedBytes: bigint | null }[] = [];
  for (const [type, descr, units, size, used] of rows.values()) {
    const name = asText(descr) ?? 'memory';
    const kind = asOid(type);
    const isMemory =
      kind === HR_STORAGE_RAM ||
      kind === HR_STORAGE_VIRTUAL ||
      (kind === HR_STORAGE_OTHER && (PART_OF_MEMORY.test(name) || BUFFERS.test(name)));
    const unit = asBigInt(units);
    const total = asBigInt(size);
    if (!isMemory || unit === null || unit <= 0n || total === null || total === 0n) continue;
    const taken = asBigInt(used);
    pools.push({
      name,
      totalBytes: whole(total) * unit,
      usedBytes: taken === null ? null : whole(taken) * unit,
    });
  }
  return linuxView(pools);
}

const PART_OF_MEMORY = /^(memory buffers|cached memory|shared memory|ram \((?:buffers|cache)\))$/i;
const PHYSICAL = /^(?:physical memory|ram)$/i;

/** Pools of a forwarding engine, which agents have no type for. */
const BUFFERS = /\bpacket (?:buffers|descriptors)\b/i;

/**
 * net-snmp on Linux counts buffers and cache as used, and gives them rows of their own. They are given back on
 * demand, so they are no use of memory; and they are parts of the physical memory, so that is their total.
 */
function linuxView(
  pools: readonly { name: string; totalBytes: bigint; usedBytes: bigint | null }[],
): MemoryReading[] {
  const physical = pools.find((pool) => PHYSICAL.test(pool.name));
  const parts = pools.filter((pool) => PART_OF_MEMORY.test(pool.name));
  if (physical === undefined || parts.length === 0) return [...pools];
  const reclaimable = parts
    .filter((pool) => !/^shared/i.test(pool.name))
    .reduce((sum, pool) => sum + (pool.usedBytes ?? 0n), 0n);
  return pools.map((pool) => {
    if (PART_OF_MEMORY.test(pool.name)) return { ...pool, totalBytes: physical.totalBytes };
    if (pool !== physical || pool.usedBytes === null || pool.usedBytes < reclaimable) return pool;
    return { ...pool, usedBytes: pool.usedBytes - reclaimable };
  });
}

/** Sizes above 2^31 units come out negative, because hrStorageSize is an Integer32. */
function whole(units: bigint): bigint {
  return BigInt.asUintN(32, units);
}

/** Kibibytes of UCD-SNMP-MIB: swap total and free, real total and free, shared, buffers, cached. */
function ucdPools(values: readonly (bigint | null)[]): MemoryReading[] {
  const [swapTotal, swapFree, realTotal, realFree, shared, buffers, cached] = values;
  const pool = (name: string, total: bigint | null | undefined, free: bigint | null | undefined) => {
    if (total === null || total === undefined || total <= 0n || free === null || free === undefined)
      return [];
    return [{ name, totalBytes: total * 1024n, usedBytes: (total - free) * 1024n }];
  };
  // Linux fills free memory with buffers and cache and gives it back on demand: that is not use.
  const available = realFree == null ? null : realFree + (buffers ?? 0n) + (cached ?? 0n);
  // Parts of the physical memory, so that is their total.
  const part = (name: string, used: bigint | null | undefined) =>
    used == null || realTotal == null ? [] : pool(name, realTotal, realTotal - used);
  return [
    ...pool('physical memory', realTotal, available),
    ...pool('swap', swapTotal, swapFree),
    ...part('shared memory', shared),
    ...part('memory buffers', buffers),
    ...part('cached memory', cached),
  ];
}
