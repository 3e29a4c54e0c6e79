import type { DeviceDriver } from './driver.ts';
import { DeviceError } from './error.ts';

/** The drivers of a process by protocol. Filled once, at the composition root. */
export class DriverRegistry {
  readonly #drivers = new Map<string, DeviceDriver>();

  constructor(drivers: readonly DeviceDriver[]) {
    for (const driver of drivers) this.#drivers.set(driver.protocol, driver);
  }

  /** The driver for a protocol, or `CAPABILITY_UNSUPPORTED` naming the ones there are. */
  get(protocol: string): DeviceDriver {
    const driver = this.#drivers.get(protocol);
    if (driver === undefined) {
      const known = [...this.#drivers.keys()].join(', ');
      throw new DeviceError('CAPABILITY_UNSUPPORTED', `No driver speaks "${protocol}"; there are: ${known}`);
    }
    return driver;
  }
}
