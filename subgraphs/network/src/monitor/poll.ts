import {
  type Capability,
  DeviceError,
  type DeviceHealth,
  type DeviceIdentity,
  type DeviceInterface,
  type DeviceSession,
  type ModelName,
  type ModelOf,
  type OperationContext,
} from '@dotmac/device';
import type { ManagementFailureCode } from '../device/rules.ts';
import type { ManagementAddress, Protocol } from '../device/store.ts';
import type { ReadingKind } from './plan.ts';

/** What one protocol of a device gave in one poll. */
export interface Reading {
  readonly protocol: Protocol;
  /** Null when it answered. `silent`: nothing came back; otherwise it refused or broke off. */
  readonly failure: {
    readonly silent: boolean;
    readonly code: ManagementFailureCode;
    readonly words: string;
  } | null;
  /** After a probe. */
  readonly identity: DeviceIdentity | null;
  readonly capabilities: readonly Capability[] | null;
  readonly health: DeviceHealth | null;
  readonly interfaces: readonly DeviceInterface[] | null;
  /** Milliseconds since the epoch. */
  readonly observedAt: number;
}

/** Failures in which no word of the device came back. */
const silence: ReadonlySet<string> = new Set([
  'UNREACHABLE',
  'CONNECT_TIMEOUT',
  'DEADLINE_EXCEEDED',
  'CANCELLED',
]);

export interface WantedReading {
  /** Ask who it is and what it can do first; what it then can is read too. */
  readonly probe: boolean;
  readonly kinds: ReadonlySet<ReadingKind>;
  /** Of a device just probed, the kinds that may be read over this protocol. */
  readonly afterProbe: ReadonlySet<ReadingKind>;
  /** It was silent: one cheap question, sent so often, comes first; null for a device that answers. */
  readonly aliveTries: number | null;
}

/** Reads a device over one protocol. */
export async function readDevice(
  address: ManagementAddress,
  open: () => Promise<DeviceSession>,
  { probe, kinds, afterProbe, aliveTries }: WantedReading,
  context: OperationContext,
): Promise<Reading> {
  const reading = {
    protocol: address.protocol,
    failure: null,
    identity: null as DeviceIdentity | null,
    capabilities: null as readonly Capability[] | null,
    health: null as DeviceHealth | null,
    interfaces: null as readonly DeviceInterface[] | null,
    observedAt: context.clock.now(),
  };
  try {
    const session = await open();
    if (aliveTries !== null) await session.alive?.(context, aliveTries);
    if (probe) {
      const { identity, capabilities } = await session.probe(context);
      reading.identity = identity;
      reading.capabilities = capabilities;
    }
    const can = (id: Capability['id']) =>
      (reading.capabilities ?? address.capabilities).some((one) => one.id === id);
    const wanted = (kind: ReadingKind) => (probe ? afterProbe : kinds).has(kind);
    if (wanted('health') && can('health.read'))
      reading.health = (await all(session, 'health', context))[0] ?? null;
    if (wanted('interfaces') && can('interfaces.read'))
      reading.interfaces = await all(session, 'interface', context);
    return { ...reading, observedAt: context.clock.now() };
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    const code = error.authFailure ?? error.code;
    const failure = { silent: silence.has(error.code), code, words: `${error.code}: ${error.message}` };
    return { ...reading, failure, observedAt: context.clock.now() };
  }
}

async function all<M extends ModelName>(
  session: DeviceSession,
  model: M,
  context: OperationContext,
): Promise<ModelOf[M][]> {
  const values: ModelOf[M][] = [];
  for await (const { value } of session.read(model, context)) values.push(value);
  return values;
}
