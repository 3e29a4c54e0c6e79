import type { DeviceDriver } from '@dotmac/device';
import type { SnmpCredential } from '../credential.ts';
import type { SnmpEngine } from '../engine/engine.ts';
import { asDeviceError } from './error.ts';
import { SnmpDeviceSession } from './session.ts';
import { ProfileShelf } from './shelf.ts';

/**
 * SNMP behind the device port, over an engine that the caller owns and closes.
 * `shelf` holds a tenant's own profiles. `open` throws `INVALID_ARGUMENT` for a v3 credential that lacks a password or protocol.
 */
export function snmpDriver(
  engine: SnmpEngine,
  shelf: ProfileShelf = new ProfileShelf(),
): DeviceDriver<SnmpCredential> {
  return {
    protocol: 'snmp',
    open(target, credential) {
      try {
        return new SnmpDeviceSession(target, engine.session(target, credential), shelf);
      } catch (error) {
        throw asDeviceError(error);
      }
    },
  };
}
