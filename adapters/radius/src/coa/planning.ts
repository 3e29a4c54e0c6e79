import { createHash } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { type DesiredState, DeviceError, type DeviceTarget, type Plan, type PlanStep } from '@dotmac/device';
import type { Attribute } from '../attribute/encode.ts';
import { AttributeError } from '../attribute/value.ts';
import type { RadiusCredential } from './credential.ts';
import { liveGardenAttributes } from './garden.ts';
import {
  canRender,
  ProfileError,
  type ProfileValues,
  renderTemplates,
  type VendorProfile,
} from './profile.ts';
import { profileValues } from './profiles.ts';

/** One request to come, and how a plan shows it. */
export interface PlannedRequest {
  readonly kind: 'CoA' | 'Disconnect';
  readonly attributes: readonly Attribute[];
  readonly optional: boolean;
  readonly step: PlanStep;
}

/** The values that name one live session. */
function sessionValues(
  target: DeviceTarget,
  credential: RadiusCredential,
  desired: DesiredState,
): ProfileValues {
  const nasAddress = credential.nasAddress ?? target.host;
  return {
    ...credential.variables,
    'session.username': desired.username === '' ? null : desired.username,
    'session.address': desired.address !== null && isIPv4(desired.address) ? desired.address : null,
    'session.id': desired.sessionId,
    'session.mac': desired.mac,
    'nas.address': isIPv4(nasAddress) ? nasAddress : null,
  };
}

/** Whether a session is known at all: without one there is nothing to change but the next login. */
function hasSession(desired: DesiredState): boolean {
  return desired.sessionId !== null || desired.address !== null;
}

function keysOf(profile: VendorProfile, values: ProfileValues): Attribute[] {
  const keys = profile.sessionKeys.find((set) => canRender(set, values));
  if (keys === undefined)
    throw new DeviceError(
      'INVALID_ARGUMENT',
      `${profile.vendor} needs one of the key sets ${profile.sessionKeys.map((set) => set.map((key) => key.attribute).join('+')).join(', ')} to find a session`,
      { field: 'sessionId' },
    );
  return renderTemplates(keys, values);
}

export function planRequests(
  profile: VendorProfile,
  target: DeviceTarget,
  credential: RadiusCredential,
  desired: DesiredState,
): PlannedRequest[] {
  if (!hasSession(desired)) return [];
  try {
    const session = sessionValues(target, credential, desired);
    const keys = keysOf(profile, session);
    if (desired.mode === 'blocked') return [disconnectRequest(profile, target, credential, desired)];
    const templates = profile[desired.mode].coa;
    const values = profileValues(profile, desired.shaping, session);
    const garden = gardenChanges(profile, desired, values);
    if (templates.length === 0 || garden === null)
      return [disconnectRequest(profile, target, credential, desired)];
    const apart = profile.commandPerCoa === true && garden.length > 0;
    const requests = templates.map((template, index) => {
      const last = index === templates.length - 1 && !apart;
      const changes = [...renderTemplates(template.attributes, values), ...(last ? garden : [])];
      return planned('CoA', desired, [...keys, ...changes], template.optional ?? false, describe(changes));
    });
    return apart
      ? [...requests, planned('CoA', desired, [...keys, ...garden], true, describe(garden))]
      : requests;
  } catch (error) {
    if (error instanceof ProfileError || error instanceof AttributeError)
      throw new DeviceError('INVALID_ARGUMENT', error.message, { cause: error });
    throw error;
  }
}

/** What the garden gives or leaves behind; null when only a new login brings it. */
function gardenChanges(
  profile: VendorProfile,
  { mode, garden = null, gardenBefore = null }: DesiredState,
  values: ProfileValues,
): Attribute[] | null {
  const extras = mode === 'walledGarden' ? garden : null;
  return liveGardenAttributes(profile.id, extras, gardenBefore, values['filter.open'] ?? 'dotmac-open');
}

export function disconnectRequest(
  profile: VendorProfile,
  target: DeviceTarget,
  credential: RadiusCredential,
  desired: DesiredState,
): PlannedRequest {
  const keys = hasSession(desired) ? keysOf(profile, sessionValues(target, credential, desired)) : [];
  return planned('Disconnect', desired, keys, false, 'no session');
}

function planned(
  kind: PlannedRequest['kind'],
  desired: DesiredState,
  attributes: readonly Attribute[],
  optional: boolean,
  after: string,
): PlannedRequest {
  const step: PlanStep = {
    kind: kind === 'CoA' ? 'update' : 'delete',
    ref: `session ${desired.sessionId ?? desired.address ?? '?'} of ${desired.username}`,
    after,
    native: `${kind}-Request: ${describe(attributes)}`,
  };
  return { kind, attributes, optional, step };
}

function describe(attributes: readonly Attribute[]): string {
  return attributes
    .map(({ name, value, tag }) => `${name}${tag === undefined ? '' : `:${tag}`} = "${String(value)}"`)
    .join(', ');
}

export function makePlan(
  target: DeviceTarget,
  profile: VendorProfile,
  desired: DesiredState,
  requests: readonly PlannedRequest[],
): Plan {
  const steps = requests.map((request) => request.step);
  const risk =
    requests.length === 0
      ? 'none'
      : requests.some(({ kind }) => kind === 'Disconnect')
        ? 'session-drop'
        : 'traffic';
  const digest = createHash('sha256')
    .update(JSON.stringify([target.host, target.port, profile.id, profile.version, steps, desired.mode]))
    .digest('hex');
  return { target: target.id, desired, steps, risk, digest };
}
