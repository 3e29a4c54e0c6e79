/** Simulated SNMP devices on loopback ports, described as data or replayed from recordings. */
import dgram from 'node:dgram';
import { SnmpAgent } from './agent.ts';
import type { Quirk, SnmpDeviceDescription, SnmpRecordingDescription } from './description.ts';
import { LabDevice } from './device.ts';
import { readRecording } from './recording.ts';
import { ObjectTree } from './tree.ts';

export {
  type LabInterface,
  type Quirk,
  quirks,
  type SnmpDeviceDescription,
  type SnmpRecordingDescription,
  tableObjects,
} from './description.ts';
export { accessPoint } from './devices/access-point.ts';
export { accessSwitch } from './devices/access-switch.ts';
export { lineTerminal } from './devices/line-terminal.ts';
export { siteUps } from './devices/site-ups.ts';
export { towerRouter } from './devices/tower-router.ts';
export { hasSnmpd, type RunningSnmpd, startSnmpd } from './snmpd.ts';
export {
  bridgeForwarding,
  lldpLocal,
  lldpRemotes,
  onts,
  registrations,
  resolvedAddresses,
} from './surroundings.ts';
export type { LabValue } from './value.ts';

export interface SnmpAgentsOptions {
  /** Drives counters, uptime and swinging values. */
  readonly clock: { now(): number };
  readonly host?: string;
  /** For every device, besides its own. */
  readonly quirks?: readonly Quirk[];
  /** Share of requests that are lost, 0 to 1. Default 0. */
  readonly loss?: number;
  /** Largest reply message in octets. Default 1,472. */
  readonly maxReplyOctets?: number;
  /** Of the random choices (loss, wrong ids). Default 1. */
  readonly seed?: number;
}

export interface RunningSnmpAgent {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  /** Takes a port's link up or down, by ifName. Throws `RangeError` for a name or a recording without ports. */
  setInterface(name: string, status: 'up' | 'down'): void;
  /** A silent device answers nothing. */
  setSilent(silent: boolean): void;
  /** Misbehaves from now on, or no more. */
  setQuirk(quirk: Quirk, on: boolean): void;
}

/** Serves every device on a UDP port of its own until `close`. Resolves when all of them answer. */
export async function startSnmpAgents(
  devices: readonly (SnmpDeviceDescription | SnmpRecordingDescription)[],
  options: SnmpAgentsOptions,
): Promise<{ readonly agents: readonly RunningSnmpAgent[]; close(): Promise<void> }> {
  const random = randomFrom(options.seed ?? 1);
  const sockets: dgram.Socket[] = [];
  const agents: RunningSnmpAgent[] = [];
  const close = async () => {
    await Promise.all(
      sockets.splice(0).map((socket) => new Promise<void>((done) => socket.close(() => done()))),
    );
  };
  try {
    for (const description of devices) agents.push(await serve(description, options, random, sockets));
  } catch (error) {
    await close();
    throw error;
  }
  return { agents, close };
}

async function serve(
  description: SnmpDeviceDescription | SnmpRecordingDescription,
  options: SnmpAgentsOptions,
  random: () => number,
  sockets: dgram.Socket[],
): Promise<RunningSnmpAgent> {
  const startedAt = options.clock.now();
  const seconds = () => (options.clock.now() - startedAt) / 1000;
  const device = 'recording' in description ? null : new LabDevice(description, seconds);
  const objects = 'recording' in description ? readRecording(description.recording).objects : device?.objects;
  const quirks = new Set([...(options.quirks ?? []), ...(description.quirks ?? [])]);
  const agent = new SnmpAgent(new ObjectTree(objects ?? []), {
    community: description.community ?? 'public',
    quirks,
    maxReplyOctets: options.maxReplyOctets ?? 1_472,
    random,
  });
  const host = options.host ?? '127.0.0.1';
  const socket = dgram.createSocket(host.includes(':') ? 'udp6' : 'udp4');
  let silent = false;
  socket.on('message', (datagram, from) => {
    if (silent || random() < (options.loss ?? 0)) return;
    const reply = agent.answer(datagram);
    if (reply !== null) socket.send(reply, from.port, from.address);
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(description.port ?? 0, host, () => {
      socket.off('error', reject);
      resolve();
    });
  });
  sockets.push(socket);
  return {
    id: description.id,
    host,
    port: socket.address().port,
    setInterface(name, status) {
      if (device === null) throw new RangeError(`"${description.id}" is a recording; its ports do not move`);
      device.setInterface(name, status);
    },
    setSilent(value) {
      silent = value;
    },
    setQuirk(quirk, on) {
      if (on) quirks.add(quirk);
      else quirks.delete(quirk);
    },
  };
}

/** A small seeded generator (mulberry32), so that a run can be repeated. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
