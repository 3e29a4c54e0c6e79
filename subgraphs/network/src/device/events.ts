import type { NewEvent } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import type { Device } from './store.ts';

export function stateChanged(
  before: Pick<Device, 'state'>,
  after: Pick<Device, 'id' | 'name' | 'state' | 'stateEvidence'>,
  at: number,
  actor: string,
): NewEvent<TenantEvents> {
  const { id, name, state, stateEvidence } = after;
  return {
    type: 'device.state.changed',
    subject: id,
    payload: { deviceId: id, name, from: before.state, to: state, evidence: stateEvidence },
    occurredAt: at,
    actor,
  };
}
