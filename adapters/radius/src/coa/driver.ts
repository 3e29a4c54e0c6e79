import { createHash } from 'node:crypto';
import { isIPv4 } from 'node:net';
import {
  type AccessMode,
  type ApplyResult,
  type Capability,
  type DesiredState,
  type DeviceDriver,
  DeviceError,
  type DeviceSession,
  type DeviceTarget,
  type OperationContext,
  type Plan,
  type PlanStep,
  type Shaping,
  type Verification,
} from '@dotmac/device';
import type { Attribute } from '../attribute/encode.ts';
import { AttributeError } from '../attribute/value.ts';
import { type SharedSecret, sharedSecret } from '../packet/shared-secret.ts';
import type { CoaClient, DynamicAuthorizationResult } from './client.ts';
import {
  canRender,
  ProfileError,
  type ProfileValues,
  renderTemplates,
  type VendorProfile,
} from './profile.ts';
import { profileValues, type VendorProfileId, vendorProfiles } from './profiles.ts';

/** What the newest accounting record or the device itself says about a subscriber's session. */
export interface SessionObservation {
  /** False when no session of the subscriber is up. */
  readonly live: boolean;
  /** Null when the source cannot tell. */
  readonly mode: AccessMode | null;
  readonly shaping: Shaping | null;
  readonly source: string;
  /** Milliseconds since the epoch. */
  readonly observedAt: number;
}

/** One request to a NAS, for the record. */
export interface CoaAttempt {
  readonly operationId: string;
  readonly kind: 'CoA' | 'Disconnect';
  readonly attributes: readonly Attribute[];
  readonly result: DynamicAuthorizationResult;
}

export interface RadiusCredential {
  readonly secret: string;
  readonly vendor: VendorProfileId | VendorProfile;
  /** NAS-IP-Address to name; default the target's host. */
  readonly nasAddress?: string;
  /** Default true. */
  readonly messageAuthenticator?: boolean;
  /** Names on the NAS that replace the profile's, such as `list.garden`; also `session.portId`. */
  readonly variables?: ProfileValues;
  /** What is known of the session after a change: RADIUS itself cannot be asked. Null: nothing. */
  readonly readback?: (
    desired: DesiredState,
    context: OperationContext,
  ) => Promise<SessionObservation | null>;
  readonly onAttempt?: (attempt: CoaAttempt) => void;
}

interface PlannedRequest {
  readonly kind: 'CoA' | 'Disconnect';
  readonly attributes: readonly Attribute[];
  readonly optional: boolean;
  readonly step: PlanStep;
}

/** Changes live sessions by CoA and Disconnect. One client, and so one set of source ports, serves all sessions. */
export function createRadiusDriver(client: CoaClient): DeviceDriver<RadiusCredential> {
  return { protocol: 'radius', open: (target, credential) => openSession(client, target, credential) };
}

function openSession(client: CoaClient, target: DeviceTarget, credential: RadiusCredential): DeviceSession {
  const profile =
    typeof credential.vendor === 'string' ? vendorProfiles[credential.vendor] : credential.vendor;
  const secret = sharedSecret(credential.secret);
  const requestsFor = (desired: DesiredState) => planRequests(profile, target, credential, desired);
  return {
    target,
    probe: async () => ({
      identity: {
        vendor: profile.vendor,
        os: null,
        model: null,
        version: null,
        serial: null,
        sysName: null,
        sysDescr: null,
        sysObjectId: null,
      },
      capabilities: capabilities(profile),
    }),
    // biome-ignore lint/correctness/useYield: the port wants an iterable, and RADIUS has nothing to iterate.
    read: async function* (model) {
      throw new DeviceError(
        'CAPABILITY_UNSUPPORTED',
        `RADIUS cannot read "${model}"; accounting tells about sessions`,
      );
    },
    plan: async (desired) => makePlan(target, profile, desired, requestsFor(desired)),
    apply: async (plan, context) => {
      const requests = requestsFor(plan.desired);
      if (makePlan(target, profile, plan.desired, requests).digest !== plan.digest)
        throw new DeviceError('CONFLICT', 'The profile or the target changed since the plan was made');
      return applyRequests(
        client,
        target,
        credential,
        secret,
        requests,
        disconnectRequest(profile, target, credential, plan.desired),
        context,
      );
    },
    verify: async (desired, context) => verifyAccess(credential, desired, context),
    close: async () => {},
  };
}

function capabilities(profile: VendorProfile): Capability[] {
  const declared = (id: Capability['id'], level: Capability['level'], reason?: string): Capability => ({
    id,
    level,
    modes: ['plan', 'apply'],
    evidence: 'declared',
    ...(reason === undefined ? {} : { reason }),
  });
  const live = profile.open.coa.length > 0;
  const relogin = 'takes effect at the next login, so the session is disconnected';
  return [
    declared('sessions.disconnect', 'full'),
    declared('shaping.coa', live ? 'full' : 'emulated', live ? undefined : relogin),
    declared('walledGarden', live ? 'full' : 'emulated', live ? undefined : relogin),
  ];
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

function planRequests(
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
    if (templates.length === 0) return [disconnectRequest(profile, target, credential, desired)];
    const values = profileValues(profile, desired.shaping, session);
    return templates.map((template) => {
      const changes = renderTemplates(template.attributes, values);
      return planned('CoA', desired, [...keys, ...changes], template.optional ?? false, describe(changes));
    });
  } catch (error) {
    if (error instanceof ProfileError || error instanceof AttributeError)
      throw new DeviceError('INVALID_ARGUMENT', error.message, { cause: error });
    throw error;
  }
}

function disconnectRequest(
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

function makePlan(
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

async function applyRequests(
  client: CoaClient,
  target: DeviceTarget,
  credential: RadiusCredential,
  secret: SharedSecret,
  requests: readonly PlannedRequest[],
  disconnect: PlannedRequest,
  context: OperationContext,
): Promise<ApplyResult> {
  const steps: { ref: string; ok: boolean; message: string }[] = [];
  const attempt = async (request: PlannedRequest): Promise<DynamicAuthorizationResult> => {
    const result = await client.send({
      host: target.host,
      port: target.port,
      secret,
      kind: request.kind,
      attributes: request.attributes,
      messageAuthenticator: credential.messageAuthenticator ?? true,
      signal: context.signal,
    });
    credential.onAttempt?.({
      operationId: context.operationId,
      kind: request.kind,
      attributes: request.attributes,
      result,
    });
    steps.push({ ref: request.step.ref, ok: result.outcome === 'ACK', message: report(request, result) });
    return result;
  };
  let skipped = false;
  let acknowledged = 0;
  for (const request of requests) {
    const result = await attempt(request);
    if (result.outcome === 'ACK') {
      acknowledged++;
      continue;
    }
    // A session that is gone takes up what is wanted when it comes back.
    if (result.errorCause?.meaning === 'SESSION_GONE') return { outcome: 'noop', steps };
    if (result.outcome === 'NAK' && request.optional) {
      skipped = true;
      continue;
    }
    if (request.kind === 'Disconnect') return { outcome: failureOf(result, acknowledged), steps };
    const fallback = await attempt(disconnect);
    if (fallback.outcome === 'ACK') return { outcome: 'applied', steps };
    if (fallback.errorCause?.meaning === 'SESSION_GONE') return { outcome: 'noop', steps };
    const unanswered = result.outcome === 'TIMEOUT' ? result : fallback;
    return { outcome: failureOf(unanswered, acknowledged), steps };
  }
  if (requests.length === 0) return { outcome: 'noop', steps };
  return { outcome: skipped ? 'partially_applied' : 'applied', steps };
}

/** Silence leaves the state unknown; a refusal leaves it as it was, but for what was acknowledged before. */
function failureOf(result: DynamicAuthorizationResult, acknowledged: number): ApplyResult['outcome'] {
  if (result.outcome === 'TIMEOUT') return 'unknown';
  return acknowledged > 0 ? 'partially_applied' : 'rolled_back';
}

function report(request: PlannedRequest, result: DynamicAuthorizationResult): string {
  const cause = result.errorCause === null ? '' : ` (${result.errorCause.code} ${result.errorCause.name})`;
  const times = result.transmissions === 1 ? 'sent once' : `sent ${result.transmissions} times`;
  return `${request.kind}-Request: ${result.outcome}${cause} after ${result.elapsedMs} ms, ${times}`;
}

async function verifyAccess(
  credential: RadiusCredential,
  desired: DesiredState,
  context: OperationContext,
): Promise<Verification> {
  const unverified = (
    evidence: string,
    source = 'radius',
    observedAt = context.clock.now(),
  ): Verification => ({
    state: 'UNVERIFIED',
    evidence,
    source,
    observedAt,
  });
  if (credential.readback === undefined)
    return unverified('An ACK is no proof, and this NAS has no other way to be asked');
  const seen = await credential.readback(desired, context);
  if (seen === null) return unverified('Neither accounting nor the device has told about the session since');
  const { source, observedAt } = seen;
  const judged = (state: Verification['state'], evidence: string): Verification => ({
    state,
    evidence,
    source,
    observedAt,
  });
  if (!seen.live)
    return judged(
      'VERIFIED',
      desired.mode === 'blocked' ? 'No session is up' : 'No session is up; the next login applies it',
    );
  if (desired.mode === 'blocked') return judged('DIVERGED', 'The session is still up');
  if (seen.mode !== null && seen.mode !== desired.mode)
    return judged('DIVERGED', `The session is ${seen.mode}, wanted is ${desired.mode}`);
  if (seen.shaping !== null && !sameRates(seen.shaping, desired.shaping))
    return judged(
      'DIVERGED',
      `The session runs at ${rates(seen.shaping)}, wanted is ${rates(desired.shaping)}`,
    );
  if (seen.mode === null && seen.shaping === null)
    return unverified(
      'The session is up, but its speed and way of access cannot be seen',
      source,
      observedAt,
    );
  return judged(
    'VERIFIED',
    `The session is ${seen.mode ?? 'up'} at ${seen.shaping === null ? 'an unseen speed' : rates(seen.shaping)}`,
  );
}

function sameRates(a: Shaping, b: Shaping): boolean {
  return rates(a) === rates(b);
}

function rates({ downstream, upstream }: Shaping): string {
  return `${downstream.bitsPerSecond} down / ${upstream.bitsPerSecond} up bit/s`;
}
