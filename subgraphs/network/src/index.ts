/**
 * The subgraph `network`: what equipment there is, what every service should have, who is online, and every change on
 * its way to the devices.
 *
 * The main path: a service is ordered (`access/events.ts`), its subscriber logs in (`aaa/policy.ts`), accounting tells of
 * his session (`session/record.ts`); a lock or another plan is a change (`change/events.ts`) that a worker brings to the
 * access device and reads back (`change/worker.ts`). Devices are watched by `monitor/`; what it finds becomes alarms and
 * incidents (`incident/rules.ts`), each with its root cause and everybody whose way (`topology/`) leads through it.
 */
import type { TenantDatabase } from '@dotmac/migrations';
import { type SubgraphModule, systemClock } from '@dotmac/platform';
import type {
  AccountingSink,
  Dictionary,
  Nas,
  PacketTap,
  RadiusPolicy,
  SecretListener,
} from '@dotmac/radius';
import { type TenantEvents, toSubgraph } from '@dotmac/schema';
import { accountingSink } from './aaa/accounting.ts';
import './aaa/graphql.ts';
import { LoginPolicy } from './aaa/policy.ts';
import type { Unrecorded } from './aaa/unrecorded.ts';
import { followServices } from './access/events.ts';
import './access/graphql.ts';
import './address/assign-graphql.ts';
import './address/graphql.ts';
import './address-history/graphql.ts';
import { PrefixRecorder } from './address-history/record.ts';
import './alarm/graphql.ts';
import './alarm/rule-graphql.ts';
import './alarm/type.ts';
import { builder, type NetworkContext, type NetworkServices } from './builder.ts';
import { AccessEnforcement } from './change/enforcement.ts';
import { catchUpWhenOnline } from './change/events.ts';
import './change/graphql.ts';
import { expireSpeeds } from './change/speed-expiry.ts';
import './change/speed-graphql.ts';
import { changeWorker, resumeChanges } from './change/worker.ts';
import './customer-link/graphql.ts';
import './device/graphql.ts';
import './device/move-graphql.ts';
import './device/reach-graphql.ts';
import './device/type.ts';
import './device-group/graphql.ts';
import './device-profile/graphql.ts';
import { keepProfiles } from './device-profile/keep.ts';
import './discovery/graphql.ts';
import { discoveryWorker, resumeDiscoveries } from './discovery/jobs.ts';
import './eap/graphql.ts';
import { EapOffer } from './eap/offer.ts';
import './event/graphql.ts';
import './event/states.ts';
import './garden/graphql.ts';
import './import/graphql.ts';
import './incident/graphql.ts';
import { IncidentWatch } from './incident/watch.ts';
import './interface/graphql.ts';
import './interface/monitored-graphql.ts';
import { PortWatch } from './interface/port-watch.ts';
import './interface/rates-graphql.ts';
import { keepRolling } from './interface/rollup.ts';
import './link/graphql.ts';
import { networkLoaders } from './loaders.ts';
import './login-limit/graphql.ts';
import './maintenance/graphql.ts';
import './monitor/graphql.ts';
import './login-term/graphql.ts';
import { housekeeping } from './monitor/housekeeping.ts';
import { Poller } from './monitor/poller.ts';
import { rememberMessageAuthenticator } from './nas/remember.ts';
import './nas/graphql.ts';
import './nas/rotation-graphql.ts';
import './nas/rotation-type.ts';
import './nas/type.ts';
import './nas/health-graphql.ts';
import { endRotations } from './nas/rotation-end.ts';
import { NasWatch } from './nas/watch.ts';
import './packet-trace/graphql.ts';
import './place/graphql.ts';
import { LineReader } from './place/line-reader.ts';
import type { NetworkPorts, ProfileKit, TrapHint } from './ports.ts';
import { followRejections } from './service-state/events.ts';
import './service-state/graphql.ts';
import { disconnectWorker } from './session/disconnect-job.ts';
import './sensor/graphql.ts';
import { SensorLane } from './sensor/lane.ts';
import './session/graphql.ts';
import { RadSecDoor } from './radsec/door.ts';
import './radius-dictionary/graphql.ts';
import { reapStaleSessions } from './session/reaper.ts';
import './radsec/graphql.ts';
import './realm/graphql.ts';
import './resolved-address/graphql.ts';
import './site/graphql.ts';
import { surveyOnChange } from './survey/events.ts';
import { SurroundingsWatch } from './survey/follow.ts';
import { Surveyor } from './survey/surveyor.ts';
import './topology/graphql.ts';
import './trap/graphql.ts';
import { followTraps } from './trap/hint.ts';
import './usage/graphql.ts';
import { UsageRecorder } from './usage/recorder.ts';
import { followVouchers } from './voucher/events.ts';

export type { RadiusPort } from './aaa/port.ts';
export type { NetworkServices } from './builder.ts';
export { traced } from './device/traced.ts';
export type { NetworkPorts } from './ports.ts';

export const schema = toSubgraph(builder);

/** The subgraph, and what the composition root gives to the RADIUS server. */
export interface NetworkModule extends SubgraphModule<TenantDatabase, TenantEvents> {
  readonly policy: RadiusPolicy;
  /** For the server: hears the packets of those whose packets are traced. */
  readonly tap: PacketTap;
  /** For the server: ours and what the tenant has added, as it is now. */
  readonly dictionary: Dictionary;
  readonly accountingSink: AccountingSink;
  /** To be told of what the accounting spool keeps while the database is away. */
  readonly unrecorded: Unrecorded;
  /** For the server's `onMessageAuthenticatorSeen`. */
  readonly onMessageAuthenticatorSeen: (nas: Nas) => void;
  /** For the server's `onSecretProven`. */
  readonly onSecretProven: SecretListener;
  /** For a trap receiver. */
  readonly onTrap: (hint: TrapHint) => Promise<void>;
  /** For the server's `onAnomaly`, and to be told of the server: what the graph shows of the NASes. */
  readonly nasWatch: NasWatch;
  /** To be told of the server: which EAP methods it offers. */
  readonly eap: EapOffer;
  /** To be given the server's door for RADIUS over TLS. */
  readonly radSec: RadSecDoor;
  /** For the accounting spool: the NAS of a record, wherever it came from. */
  readonly nasOf: (id: string) => Nas | null;
}

/** Where no driver takes any. */
const noProfiles: ProfileKit = {
  check: () => [{ path: '', message: 'cannot be used: no driver here takes profiles' }],
  use: () => undefined,
};

export function network(services: NetworkServices, ports: NetworkPorts): NetworkModule {
  const { sessionClock = systemClock } = ports;
  const nasWatch = new NasWatch();
  const eap = new EapOffer(services);
  const radSec = new RadSecDoor(services);
  const policy = new LoginPolicy(services, ports.radius, sessionClock, nasWatch, ports.leaseFolder ?? null);
  policy.nases.onChange = () => radSec.recheck();
  const { traces, dictionaries } = policy;
  const enforcement = new AccessEnforcement(services, ports, nasWatch, traces, radSec, dictionaries.live);
  const usage = new UsageRecorder(services, sessionClock, (serviceIds) => {
    for (const serviceId of serviceIds) policy.terms.note(serviceId);
  });
  const prefixes = new PrefixRecorder(services.database, ports.radius.portRanges);
  const portWatch = new PortWatch(services, enforcement.sessions, (ports.portWatchSeconds ?? 1) * 1_000);
  const surveyMilliseconds = (ports.surveyIntervalSeconds ?? 300) * 1_000;
  const surroundings = new SurroundingsWatch(services, Math.min(5_000, surveyMilliseconds / 10));
  const lines = {
    reader: new LineReader(ports.radius.accessLine),
    onNew: () => surroundings.sessionsBegan(),
  };
  const surveyor = new Surveyor(
    { services, sessions: enforcement.sessions, onSurvey: () => surroundings.surveyed() },
    surveyMilliseconds,
  );
  const pollMilliseconds = (ports.pollIntervalSeconds ?? 60) * 1_000;
  const watch = {
    sessionClock,
    answerFreshMilliseconds: 2.5 * pollMilliseconds,
    // Optical equipment is read every twelfth time.
    linkFreshMilliseconds: { WIRELESS: 2.5 * surveyMilliseconds, OPTICAL: 2.5 * 12 * surveyMilliseconds },
    clearingMilliseconds: pollMilliseconds,
  };
  const incidents = new IncidentWatch(services, watch);
  const profiles = ports.profiles ?? noProfiles;
  const sensorMilliseconds = (ports.sensorIntervalSeconds ?? 300) * 1_000;
  const sensors = new SensorLane({ services, sessions: enforcement.sessions }, sensorMilliseconds);
  const poller = new Poller(
    {
      services,
      sessions: enforcement.sessions,
      sessionClock,
      incidents,
      reach: ports.reach ?? null,
      sensorMilliseconds,
    },
    pollMilliseconds,
  );
  const accounting = accountingSink(services, policy, usage, prefixes, lines, nasWatch, ports.radius);
  return {
    name: 'network',
    schema,
    policy,
    tap: policy.traces.tap,
    dictionary: policy.dictionaries.live,
    accountingSink: accounting,
    unrecorded: policy.unrecorded,
    onMessageAuthenticatorSeen: rememberMessageAuthenticator(services),
    onSecretProven: (nas, secret, at) => policy.nases.secretProven(nas, secret, at),
    onTrap: followTraps(services, (deviceIds) => {
      poller.ask(deviceIds);
      sensors.ask(deviceIds);
    }),
    nasWatch,
    eap,
    radSec,
    nasOf: (id) => policy.nasOf(id),
    contextOf: (base): NetworkContext => ({
      ...base,
      services,
      enforcement,
      policy,
      radius: ports.radius,
      nasWatch,
      eap,
      radSec,
      poller,
      sensors,
      profiles,
      watch,
      surroundings,
      portWatch,
      loaders: networkLoaders(services.database, services.clock),
    }),
    consumers: [
      followServices(services),
      catchUpWhenOnline(services),
      followVouchers(services),
      followRejections,
      surveyOnChange(surveyor),
    ],
    jobs: [
      changeWorker({ ...ports, services, enforcement, policy }) as never,
      disconnectWorker(services, enforcement) as never,
      discoveryWorker({
        services,
        drivers: ports.drivers,
        destinations: enforcement.sessions.destinations,
      }) as never,
    ],
    daily: [housekeeping(services)],
    async first(signal) {
      // First: with which of two secrets a NAS is talked to follows from what was heard of it.
      await nasWatch.start(services, signal);
      await Promise.all([eap.load(), policy.start(signal)]);
      await accounting.open();
      accounting.run(signal);
    },
    async start(signal) {
      await resumeChanges(services);
      await resumeDiscoveries(services);
      await keepProfiles(services, profiles);
      usage.run(signal);
      expireSpeeds(services, signal);
      endRotations(services, nasWatch, sessionClock, signal);
      reapStaleSessions(services, policy, sessionClock, signal, (ports.reapIntervalSeconds ?? 60) * 1_000);
      incidents.run(signal, (deviceIds) => poller.ask(deviceIds));
      await keepRolling(services, signal);
      poller.run(signal);
      sensors.run(signal);
      surveyor.run(signal);
      surroundings.run(signal);
      signal.addEventListener('abort', () => portWatch.close(), { once: true });
      signal.addEventListener('abort', () => void enforcement.sessions.close(), { once: true });
    },
  };
}
