import {
  type Capability,
  type DesiredState,
  type DeviceDriver,
  DeviceError,
  type DeviceSession,
  type DeviceTarget,
} from '@dotmac/device';
import { sharedSecret } from '../packet/shared-secret.ts';
import { applyRequests } from './applying.ts';
import type { CoaClient } from './client.ts';
import type { RadiusCredential } from './credential.ts';
import { disconnectRequest, makePlan, planRequests } from './planning.ts';
import type { VendorProfile } from './profile.ts';
import { vendorProfiles } from './profiles.ts';
import { verifyAccess } from './verifying.ts';

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
