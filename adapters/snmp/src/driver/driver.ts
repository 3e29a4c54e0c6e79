import type { DeviceDriver } from '@dotmac/device';
import type { SnmpCredential } from '../credential.ts';
import type { SnmpEngine } from '../engine/engine.ts';
import { asDeviceError } from './error.ts';
import { SnmpDeviceSession } from './session.ts';

/**
 * SNMP behind the device port, over an engine that the caller owns and closes.
 * `open` throws `INVALID_ARGUMENT` for a v3 credential that lacks a password or protocol.
 */
export function snmpDriver(engine: SnmpEngine): DeviceDriver<SnmpCredential> {
  return {
    protocol: 'snmp',
    open(target, credential) {
      try {
        return new SnmpDeviceSession(target, engine.session(target, credential));
      } catch (error) {
        throw asDeviceError(error);
      }
    },
  };
}
