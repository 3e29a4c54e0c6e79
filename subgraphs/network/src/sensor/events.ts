import type { NewEvent } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import type { Severity } from './rules.ts';
import type { Sensor } from './store.ts';

/** The subject is the device, so that what is told of it keeps its order. */
export function sensorChanged(
  sensor: Sensor,
  from: Severity,
  about: { readonly at: number; readonly actor: string },
): NewEvent<TenantEvents> {
  const { id, deviceId, name, severity, text } = sensor;
  return {
    type: 'sensor.state.changed',
    subject: deviceId,
    payload: { deviceId, sensorId: id, name, from, to: severity ?? 'UNKNOWN', text },
    occurredAt: about.at,
    actor: about.actor,
  };
}
