import type { SensorReading } from '../profile/interpret.ts';
import type { DeviceReport } from './device.ts';

/** A line of the probe's output: whole numbers that can pass 2^53 as decimal text, unknown as null. */
export function reportJson(id: string, report: DeviceReport): string {
  return JSON.stringify({
    id,
    identity: report.identity,
    interfaces: report.interfaces.map((row) => ({
      ifIndex: row.ifIndex,
      ifName: row.ifName ?? row.ifDescr,
      // FortiOS and others leave one of both empty.
      ifDescr: row.ifDescr ?? row.ifName,
      ifAlias: row.ifAlias,
      adminStatus: row.adminStatus,
      operStatus: row.operStatus,
      speedBps: row.speedBitsPerSecond?.toString() ?? null,
      mtu: row.mtu,
      mac: row.mac,
      inOctets: row.inOctets?.toString() ?? null,
      outOctets: row.outOctets?.toString() ?? null,
    })),
    processors: report.processors,
    memory: report.memory.map((pool) => ({
      ...pool,
      usedBytes: pool.usedBytes?.toString() ?? null,
      totalBytes: pool.totalBytes?.toString() ?? null,
    })),
    sensors: report.sensors.map(bare),
    wireless: report.wireless.map(bare),
    warnings: report.warnings,
  });
}

/** As the contract of the probe has it: without limits. */
function bare({ limits: _, ...reading }: SensorReading) {
  return reading;
}
