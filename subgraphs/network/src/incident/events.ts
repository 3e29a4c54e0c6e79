import type { NewEvent } from '@dotmac/platform';
import type { IncidentPayload, TenantEvents } from '@dotmac/schema';
import type { Incident } from './store.ts';

function payloadOf(incident: Incident): IncidentPayload {
  const { id, kind, state, rootDeviceId, summary, affectedServices } = incident;
  return { incidentId: id, kind, state, rootDeviceId, summary, affectedServices };
}

export function incidentOpened(incident: Incident, at: number, actor: string): NewEvent<TenantEvents> {
  return {
    type: 'incident.opened',
    subject: incident.id,
    payload: payloadOf(incident),
    occurredAt: at,
    actor,
  };
}

/** `incident.resolved` when it is, otherwise `incident.updated`. */
export function incidentChanged(
  incident: Incident,
  because: string,
  at: number,
  actor: string,
): NewEvent<TenantEvents> {
  return {
    type: incident.state === 'RESOLVED' ? 'incident.resolved' : 'incident.updated',
    subject: incident.id,
    payload: { ...payloadOf(incident), because },
    occurredAt: at,
    actor,
  };
}

/** How long an outage that is over kept services from working; until everything answered again. */
export function downtimeRecorded(
  { id: incidentId, summary, startedAt, clearingSince, resolvedAt }: Incident,
  serviceIds: readonly string[],
  at: number,
  actor: string,
): NewEvent<TenantEvents>[] {
  const to = (clearingSince ?? resolvedAt ?? new Date(at)).toISOString();
  return serviceIds.map((serviceId) => ({
    type: 'service.downtime.recorded',
    subject: serviceId,
    payload: { incidentId, serviceId, from: startedAt.toISOString(), to, summary },
    occurredAt: at,
    actor,
  }));
}
