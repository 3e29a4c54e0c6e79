import { parseArcs, type WireValue } from './ber.ts';
import type { LabInterface, SnmpDeviceDescription } from './description.ts';
import type { LabObject } from './tree.ts';
import { bytes, counter32, counter64, gauge32, integer, oid, text, timeTicks, valueAt } from './value.ts';

const UP = 1;
const DOWN = 2;

/** A port in motion: its counters run with the clock while it is up. */
class Port {
  readonly description: LabInterface;
  #adminUp: boolean;
  #operUp: boolean;
  #inOctets: bigint;
  #outOctets: bigint;
  #countedAt = 0;
  changedAt = 0;

  constructor(description: LabInterface) {
    this.description = description;
    this.#adminUp = true;
    this.#operUp = description.status !== 'down';
    this.#inOctets = description.inOctets ?? 0n;
    this.#outOctets = description.outOctets ?? 0n;
  }

  get adminStatus(): number {
    return this.#adminUp ? UP : DOWN;
  }

  get operStatus(): number {
    return this.#adminUp && this.#operUp ? UP : DOWN;
  }

  counters(seconds: number): { inOctets: bigint; outOctets: bigint } {
    const passed = this.operStatus === UP ? seconds - this.#countedAt : 0;
    const grown = (bitsPerSecond = 0) => BigInt(Math.floor((bitsPerSecond / 8) * passed));
    return {
      inOctets: this.#inOctets + grown(this.description.inBitsPerSecond),
      outOctets: this.#outOctets + grown(this.description.outBitsPerSecond),
    };
  }

  set(seconds: number, state: { adminUp?: boolean; operUp?: boolean }): void {
    const counters = this.counters(seconds);
    this.#inOctets = counters.inOctets;
    this.#outOctets = counters.outOctets;
    this.#countedAt = seconds;
    this.#adminUp = state.adminUp ?? this.#adminUp;
    this.#operUp = state.operUp ?? this.#operUp;
    this.changedAt = seconds;
  }
}

/** A described device at work. `seconds` gives the time since it started to be served. */
export class LabDevice {
  readonly #ports: readonly Port[];
  readonly #seconds: () => number;
  readonly objects: readonly LabObject[];

  constructor(description: SnmpDeviceDescription, seconds: () => number) {
    this.#seconds = seconds;
    this.#ports = (description.interfaces ?? []).map((port) => new Port(port));
    const uptime = description.uptimeSeconds ?? 86_400;
    this.objects = [
      ...systemObjects(description, () => uptime + seconds()),
      scalar('1.3.6.1.2.1.2.1.0', () => integer(this.#ports.length)),
      ...this.#ports.flatMap((port, i) => portObjects(port, i + 1, seconds, uptime)),
      ...Object.entries(description.objects ?? {}).map(([name, value]) =>
        scalar(name, () => valueAt(value, seconds())),
      ),
    ];
  }

  /** Takes the link of a port up or down, by ifName. Throws when there is no such port. */
  setInterface(name: string, status: 'up' | 'down'): void {
    const port = this.#ports.find((candidate) => candidate.description.name === name);
    if (port === undefined) {
      const names = this.#ports.map((candidate) => candidate.description.name).join(', ');
      throw new RangeError(`No interface "${name}"; there are: ${names}`);
    }
    port.set(this.#seconds(), { operUp: status === 'up' });
  }
}

function scalar(name: string, read: () => WireValue, write?: (value: WireValue) => boolean): LabObject {
  const object = { oid: parseArcs(name), read };
  return write === undefined ? object : { ...object, write };
}

function systemObjects(device: SnmpDeviceDescription, uptime: () => number): LabObject[] {
  const system = '1.3.6.1.2.1.1';
  return [
    scalar(`${system}.1.0`, () => text(device.sysDescr)),
    scalar(`${system}.2.0`, () => oid(device.sysObjectId)),
    scalar(`${system}.3.0`, () => timeTicks(uptime())),
    scalar(`${system}.4.0`, () => text('noc@example.net')),
    scalar(`${system}.5.0`, () => text(device.sysName)),
    scalar(`${system}.6.0`, () => text(device.sysLocation ?? '')),
    scalar(`${system}.7.0`, () => integer(78)),
  ];
}

/** IF-MIB (RFC 2863): ifTable, and ifXTable unless the port is of the 32-bit kind. */
function portObjects(port: Port, ifIndex: number, seconds: () => number, uptime: number): LabObject[] {
  const { description } = port;
  const mac = Buffer.from((description.mac ?? '').replaceAll(':', ''), 'hex');
  const speed = description.speedBitsPerSecond;
  const packets = (octets: bigint) => octets / 800n;
  const counted = () => port.counters(seconds());
  const setAdmin = (value: WireValue) => {
    const wanted = value.tag === 0x02 && value.content.length === 1 ? value.content[0] : 0;
    if (wanted !== UP && wanted !== DOWN) return false;
    port.set(seconds(), { adminUp: wanted === UP });
    return true;
  };
  const entry: readonly [string, () => WireValue, ((value: WireValue) => boolean)?][] = [
    ['2.2.1.1', () => integer(ifIndex)],
    ['2.2.1.2', () => text(description.description ?? description.name)],
    ['2.2.1.3', () => integer(description.type ?? 6)],
    ['2.2.1.4', () => integer(description.mtu ?? 1500)],
    ['2.2.1.5', () => gauge32(Math.min(speed, 0xffffffff))],
    ['2.2.1.6', () => bytes(mac)],
    ['2.2.1.7', () => integer(port.adminStatus), setAdmin],
    ['2.2.1.8', () => integer(port.operStatus)],
    ['2.2.1.9', () => timeTicks(port.changedAt === 0 ? 0 : uptime + port.changedAt)],
    ['2.2.1.10', () => counter32(counted().inOctets)],
    ['2.2.1.11', () => counter32(packets(counted().inOctets))],
    ['2.2.1.13', () => counter32(0n)],
    ['2.2.1.14', () => counter32(0n)],
    ['2.2.1.16', () => counter32(counted().outOctets)],
    ['2.2.1.17', () => counter32(packets(counted().outOctets))],
    ['2.2.1.19', () => counter32(0n)],
    ['2.2.1.20', () => counter32(0n)],
  ];
  const extended: typeof entry = [
    ['31.1.1.1.1', () => text(description.name)],
    ['31.1.1.1.6', () => counter64(counted().inOctets)],
    ['31.1.1.1.7', () => counter64(packets(counted().inOctets))],
    ['31.1.1.1.10', () => counter64(counted().outOctets)],
    ['31.1.1.1.11', () => counter64(packets(counted().outOctets))],
    ['31.1.1.1.15', () => gauge32(Math.round(speed / 1_000_000))],
    ['31.1.1.1.18', () => text(description.alias ?? '')],
    ['31.1.1.1.19', () => timeTicks(0)],
  ];
  return [...entry, ...(description.only32Bit ? [] : extended)].map(([column, read, write]) =>
    scalar(`1.3.6.1.2.1.${column}.${ifIndex}`, read, write),
  );
}
