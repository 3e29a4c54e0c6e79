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
