import type { NewEvent } from '@dotmac/platform';
import type { AlarmPayload, TenantEvents } from '@dotmac/schema';
import type { Alarm } from './store.ts';

type Change = { readonly type: 'alarm.raised' | 'alarm.cleared' } | { readonly because: string };

/** The subject is the device, so that its alarms keep their order. */
export function alarmEvent(
  change: Change,
  alarm: Alarm,
  rule: string,
  about: { readonly at: number; readonly actor: string; readonly traceId?: string },
): NewEvent<TenantEvents> {
  const { id, deviceId, interfaceId, sensorId, severity, evidence } = alarm;
  const payload: AlarmPayload = { alarmId: id, deviceId, interfaceId, sensorId, rule, severity, evidence };
  const { at, actor, traceId } = about;
  const head = {
    subject: deviceId,
    occurredAt: at,
    actor,
    ...(traceId === undefined ? {} : { traceId }),
  };
  return 'because' in change
    ? { ...head, type: 'alarm.updated', payload: { ...payload, because: change.because } }
    : { ...head, type: change.type, payload };
}
