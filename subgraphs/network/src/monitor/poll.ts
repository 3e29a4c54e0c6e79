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
import type { ManagementAddress, Protocol } from '../device/store.ts';

/** What one protocol of a device gave in one poll. */
export interface Reading {
  readonly protocol: Protocol;
  /** Null when it answered. `silent`: nothing came back; otherwise it refused or broke off. */
  readonly failure: { readonly silent: boolean; readonly words: string } | null;
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

/**
 * Reads a device over one protocol: who it is (when asked to probe), its health and its ports.
 * Ports are read over one protocol only, since each names them in its own way.
 */
export async function readDevice(
  address: ManagementAddress,
  open: () => Promise<DeviceSession>,
  wanted: { readonly probe: boolean; readonly interfaces: boolean },
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
    if (wanted.probe) {
      const { identity, capabilities } = await session.probe(context);
      reading.identity = identity;
      reading.capabilities = capabilities;
    }
    const can = (id: Capability['id']) =>
      (reading.capabilities ?? address.capabilities).some((one) => one.id === id);
    if (can('health.read')) reading.health = (await all(session, 'health', context))[0] ?? null;
    if (wanted.interfaces && can('interfaces.read'))
      reading.interfaces = await all(session, 'interface', context);
    return { ...reading, observedAt: context.clock.now() };
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    const failure = { silent: silence.has(error.code), words: `${error.code}: ${error.message}` };
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

/** The protocol over which a device's ports are read. */
export function interfaceProtocol(addresses: readonly ManagementAddress[]): Protocol | null {
  return (
    (['snmp', 'routeros'] as const).find((protocol) => addresses.some((one) => one.protocol === protocol)) ??
    null
  );
}
