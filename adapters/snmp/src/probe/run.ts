import { performance } from 'node:perf_hooks';
import type { Clock } from '@dotmac/device';
import { SnmpEngine } from '../engine/engine.ts';
import { Semaphore } from '../engine/semaphore.ts';
import { SnmpError, type SnmpErrorCode } from '../error.ts';
import type { Profile } from '../profile/schema.ts';
import { probeDevice } from './device.ts';
import { reportJson } from './report.ts';
import { parseTarget, targetId } from './target.ts';

export interface ProbeOptions {
  readonly clock: Clock;
  /** Devices at once at most; the engine bounds packets on the wire by itself. Default 200. */
  readonly concurrency?: number;
  /** Milliseconds for one device, its part of a run of many included. Default 55,000. */
  readonly deviceMilliseconds?: number;
  /** An operator's profiles, beside ours. */
  readonly profiles?: readonly Profile[];
  /** Ends the run: devices under way report what they have. */
  readonly signal?: AbortSignal;
}

type ProbeErrorCode = 'timeout' | 'refused' | 'auth' | 'protocol' | 'internal';

const codes: Readonly<Record<SnmpErrorCode, ProbeErrorCode>> = {
  timeout: 'timeout',
  malformed: 'protocol',
  errorStatus: 'protocol',
  cancelled: 'timeout',
  closed: 'internal',
  unresolvable: 'refused',
  unsupportedSecurityLevel: 'auth',
  unknownUser: 'auth',
  wrongDigest: 'auth',
  decryption: 'auth',
  notInTimeWindow: 'auth',
  unknownEngine: 'protocol',
  badCredential: 'auth',
};

/**
 * Probes every target of an NDJSON stream and writes one line per target as soon as it is done, in any order
 * (the contract of `dotmac device probe --json`). A line that is no target gives an error line of its own.
 * Resolves when every target was tried; rejects only when reading or writing fails.
 */
export async function probeTargets(
  lines: AsyncIterable<string>,
  write: (line: string) => void,
  options: ProbeOptions,
): Promise<void> {
  const engine = new SnmpEngine({ clock: options.clock });
  const { places, stop } = placesByLoad(options.concurrency ?? 200);
  const running = new Set<Promise<void>>();
  try {
    let number = 0;
    for await (const line of lines) {
      number++;
      if (line.trim() === '') continue;
      const release = await places.acquire();
      const probing = probeLine(engine, line, number, options)
        .then(write)
        .finally(() => {
          release();
          running.delete(probing);
        });
      running.add(probing);
    }
    await Promise.all(running);
  } finally {
    stop();
    await engine.close();
  }
}

const FIRST_PLACES = 32;
const LOOK_MILLISECONDS = 100;
/** Share of its time a thread may be busy before more work at once only makes each piece of it slower. */
const BUSY = 0.9;
/** How late a timer may come before other processes are what this thread waits for. */
const LATE_MILLISECONDS = 20;

/**
 * Places for devices: few at first, more while this thread waits for devices rather than they for it. On a machine
 * that others keep busy, devices are so tried in turn, each within its time, instead of all together beyond it.
 */
function placesByLoad(most: number): { readonly places: Semaphore; readonly stop: () => void } {
  let size = Math.min(FIRST_PLACES, most);
  const places = new Semaphore(size);
  let before = performance.eventLoopUtilization();
  let lookedAt = performance.now();
  const looking = setInterval(() => {
    const now = performance.now();
    const late = now - lookedAt - LOOK_MILLISECONDS;
    lookedAt = now;
    const used = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(used, before);
    before = used;
    if (utilization >= BUSY || late > LATE_MILLISECONDS) return;
    for (let more = Math.min(size, most - size); more > 0; more--, size++) places.widen();
    if (size === most) clearInterval(looking);
  }, LOOK_MILLISECONDS);
  return { places, stop: () => clearInterval(looking) };
}

async function probeLine(
  engine: SnmpEngine,
  line: string,
  number: number,
  options: ProbeOptions,
): Promise<string> {
  let id: string | null = null;
  try {
    id = targetId(line);
    const target = parseTarget(line);
    const budget = options.deviceMilliseconds ?? 55_000;
    const signals = [AbortSignal.timeout(budget), ...(options.signal === undefined ? [] : [options.signal])];
    const report = await probeDevice(
      engine.session(target, target.snmp),
      { signal: AbortSignal.any(signals), maxMilliseconds: Math.ceil(budget / 2) },
      options.profiles,
      true,
    );
    return reportJson(target.id, report);
  } catch (error) {
    const known = error instanceof SnmpError;
    const message = error instanceof Error ? error.message : String(error);
    const code = known ? codes[error.code] : 'internal';
    return JSON.stringify({
      id,
      error: {
        code,
        ...(code === 'auth' && known ? { reason: error.code } : {}),
        message: known ? message : `line ${number}: ${message}`,
      },
    });
  }
}
