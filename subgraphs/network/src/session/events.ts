import type { NewEvent } from '@dotmac/platform';
import type { SessionPayload, TenantEvents } from '@dotmac/schema';
import type { SessionState } from './rules.ts';

/** The event that tells what happened to a session. The subject is the service, so that its events keep their order. */
export function sessionEvent(
  effect: 'STARTED' | 'UPDATED' | 'STOPPED',
  session: SessionState,
  actor = 'system:radius',
): NewEvent<TenantEvents> {
  const about = { subject: session.serviceId ?? session.id, actor };
  const payload = payloadOf(session);
  if (effect === 'STOPPED') {
    return {
      ...about,
      type: 'session.stopped',
      payload: { ...payload, cause: session.terminateCause ?? 'Unknown' },
      occurredAt: session.stoppedAt ?? session.updatedAt,
    };
  }
  return effect === 'STARTED'
    ? { ...about, type: 'session.started', payload, occurredAt: session.startedAt }
    : { ...about, type: 'session.updated', payload, occurredAt: session.updatedAt };
}

function payloadOf(session: SessionState): SessionPayload {
  const { id, serviceId, username, address, mac, deviceId } = session;
  return {
    sessionId: id,
    serviceId,
    username,
    address,
    mac,
    deviceId,
    downstreamOctets: session.downstreamOctets.toString(),
    upstreamOctets: session.upstreamOctets.toString(),
  };
}
