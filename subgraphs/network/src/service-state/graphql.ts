import { builder, type NetworkContext } from '../builder.ts';
import type { Device } from '../device/store.ts';
import { ServiceRef } from '../types.ts';
import { type DeviceWord, freshnesses, type Rung, rungNames, type ServiceFacts } from './facts.ts';
import { firstFailing, ladderOf } from './rules.ts';

interface Ladder {
  readonly rungs: readonly Rung[];
  readonly firstFailing: Rung | null;
}

const RungNameEnum = builder.enumType('ServiceRungName', { values: rungNames });

const RungRef = builder.objectRef<Rung>('ServiceRung').implement({
  description: 'A fact with its source and time.',
  fields: (t) => ({
    name: t.expose('name', { type: RungNameEnum }),
    value: t.exposeString('value'),
    passes: t.exposeBoolean('passes', {
      nullable: true,
      description: 'Whether it lets the service work; null when that is not known, as when it is stale.',
    }),
    source: t.exposeString('source'),
    observedAt: t.field({
      type: 'DateTime',
      nullable: true,
      resolve: ({ observedAt }) => (observedAt === null ? null : new Date(observedAt)),
    }),
    freshness: t.expose('freshness', {
      type: builder.enumType('Freshness', { values: freshnesses }),
    }),
  }),
});

const LadderRef = builder.objectRef<Ladder>('ServiceStateLadder').implement({
  description:
    'The facts about a service in the order in which they are looked at, from the bill to the backhaul.',
  fields: (t) => ({
    rungs: t.field({ type: [RungRef], resolve: ({ rungs }) => [...rungs] }),
    firstFailing: t.expose('firstFailing', { type: RungRef, nullable: true }),
  }),
});

builder.objectField(ServiceRef, 'serviceState', (t) =>
  t.field({
    type: LadderRef,
    nullable: true,
    description: 'Why it works, or why it does not; null while the network has not heard of the service.',
    authScopes: { scope: 'network:read' },
    resolve: async ({ id }, _args, context) => {
      const facts = await factsOf(id, context);
      if (facts === null) return null;
      const rungs = ladderOf(facts);
      return { rungs, firstFailing: firstFailing(rungs) };
    },
  }),
);

async function factsOf(serviceId: string, context: NetworkContext): Promise<ServiceFacts | null> {
  const { loaders, services, watch } = context;
  const now = services.clock.now();
  // Sessions live in a time of their own.
  const shift = watch.sessionClock.now() - now;
  const [access, session, rejection, equipment, serving, ways, its] = await Promise.all([
    loaders.access.load(serviceId),
    loaders.newestSessionOfService.load(serviceId),
    loaders.loginRejection.load(serviceId),
    loaders.equipmentFacts.load(serviceId),
    loaders.servingDevice.load(serviceId),
    loaders.topology.load('all'),
    loaders.incidentOfService.load(serviceId),
  ]);
  if (access === null || ways === null) return null;
  const path = serving?.deviceId == null ? [] : ways.whole.pathFrom(serving.deviceId);
  // A monitoring fault concerns nobody, but it puts what is said of the device in doubt.
  const open = its ?? (path[0] === undefined ? null : await loaders.incidentOfDevice.load(path[0]));
  const [nas, incident, ...devices] = await Promise.all([
    session === null ? null : loaders.nas.load(session.nasId),
    open === null ? null : loaders.incident.load(open.incidentId),
    ...path.map((id) => loaders.device.load(id)),
  ]);
  const words = devices.flatMap((device) => (device === null ? [] : [wordOf(device)]));
  return {
    now,
    locks: access.locks,
    slowed: access.slowed,
    closed: access.closedAt !== null,
    session:
      session === null
        ? null
        : {
            startedAt: session.startedAt.getTime() - shift,
            updatedAt: session.updatedAt.getTime() - shift,
            stoppedAt: session.stoppedAt === null ? null : session.stoppedAt.getTime() - shift,
            terminateCause: session.terminateCause,
            nas: nas?.name ?? session.nasId,
            interimSeconds: nas?.interimIntervalSeconds ?? 300,
          },
    rejection: rejection === null ? null : { reason: rejection.reason, at: rejection.at.getTime() },
    equipment,
    device: words[0] ?? null,
    above: words.slice(1),
    cutOffBy: (down) => ways.whole.cutOffBy(down),
    incident:
      incident === null
        ? null
        : {
            id: incident.id,
            kind: incident.kind,
            summary: incident.summary,
            at: incident.openedAt.getTime(),
          },
    pollFreshMilliseconds: watch.answerFreshMilliseconds,
    linkFreshMilliseconds: watch.linkFreshMilliseconds,
  };
}

function wordOf({ id, name, state, stateSource, polledAt }: Device): DeviceWord {
  return { id, name, state, source: stateSource, polledAt: polledAt?.getTime() ?? null };
}
