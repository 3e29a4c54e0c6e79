import type { Clock, DeviceSession, DriverRegistry, OperationContext } from '@dotmac/device';
import type { SecretBox } from '@dotmac/platform';
import type { Destinations } from './destination.ts';
import { credentialPurpose, type ManagementAddress } from './store.ts';

interface Kept {
  readonly session: DeviceSession;
  /** Changes when the address or the credential does. */
  readonly signature: string;
}

/** Open sessions to devices, one per management address, shared by the poller and by changes. */
export class DeviceSessions {
  readonly #drivers: DriverRegistry;
  readonly #secrets: SecretBox;
  readonly destinations: Destinations;
  readonly #kept = new Map<string, Kept>();

  constructor(drivers: DriverRegistry, secrets: SecretBox, destinations: Destinations) {
    this.#drivers = drivers;
    this.#secrets = secrets;
    this.destinations = destinations;
  }

  /**
   * The session for an address; a new one when the address or its credential has changed. What is dialled is the address that
   * was looked at. @throws DeviceError INVALID_ARGUMENT where no device may be, UNREACHABLE for a name without an address.
   */
  async of(address: ManagementAddress): Promise<DeviceSession> {
    const { deviceId, protocol, port, credential } = address;
    const host = await this.destinations.addressOf(address.host);
    const key = `${deviceId} ${protocol}`;
    const signature = `${host} ${port} ${Buffer.from(credential).toString('base64')}`;
    const kept = this.#kept.get(key);
    if (kept?.signature === signature) return kept.session;
    const opened = JSON.parse(
      this.#secrets.open(credential, credentialPurpose(deviceId, protocol)),
    ) as unknown;
    const session = this.#drivers.get(protocol).open({ id: deviceId, host, port }, opened);
    this.#kept.set(key, { session, signature });
    await kept?.session.close();
    return session;
  }

  async close(): Promise<void> {
    const all = [...this.#kept.values()];
    this.#kept.clear();
    await Promise.allSettled(all.map(({ session }) => session.close()));
  }
}

/** What goes with a call to a device. */
export function operation(
  clock: Clock,
  signal: AbortSignal,
  priority: OperationContext['priority'],
  operationId: string,
): OperationContext {
  return { clock, signal, priority, operationId };
}
