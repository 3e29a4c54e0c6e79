import { appendEvents } from '@dotmac/platform';
import { ConflictError, NotFoundError, type TenantEvents, ValidationError } from '@dotmac/schema';
import { type ResolveCursorConnectionArgs, resolveCursorConnection } from '@pothos/plugin-relay';
import { builder, type NetworkContext } from '../builder.ts';
import type { Device } from '../device/store.ts';
import { deviceOfRow } from '../port-fields.ts';
import { DeviceRef, IncidentRef, ServiceRef } from '../types.ts';
import { type AffectedService, affectedServicePage } from './affected-store.ts';
import { incidentChanged } from './events.ts';
import { incidentKinds, incidentStates } from './rules.ts';
import {
  type Incident,
  type IncidentDevice,
  type IncidentEvidence,
  incidentPage,
  lockedIncident,
  updateIncident,
} from './store.ts';

const IncidentKindEnum = builder.enumType('IncidentKind', {
  description:
    'MONITORING_FAULT: a device does not answer, yet a live session or a device that has no other way is heard of.',
  values: incidentKinds,
});
export const IncidentStateEnum = builder.enumType('IncidentState', {
  description: 'CLEARING: the root answers again; it has to go on doing so for a while.',
  values: incidentStates,
});

const EvidenceRef = builder.objectRef<IncidentEvidence>('IncidentEvidence').implement({
  description: 'A fact with its source and time.',
  fields: (t) => ({
    at: t.expose('at', { type: 'DateTime', description: 'When it was so.' }),
    source: t.exposeString('source'),
    device: t.field(deviceOfRow),
    fact: t.exposeString('fact'),
  }),
});

const IncidentDeviceRef = builder.objectRef<IncidentDevice>('IncidentDevice').implement({
  fields: (t) => ({
    role: t.field({
      type: builder.enumType('IncidentDeviceRole', { values: ['ROOT', 'CHILD'] as const }),
      resolve: ({ role }) => role,
    }),
    device: t.field(deviceOfRow),
    joinedAt: t.expose('joinedAt', { type: 'DateTime' }),
  }),
});

const AffectedServiceRef = builder.objectRef<AffectedService>('AffectedService').implement({
  fields: (t) => ({
    service: t.field({
      type: ServiceRef,
      description: 'Its plan has the price: what is at risk.',
      resolve: ({ serviceId }) => ({ id: serviceId }),
    }),
    wasOnline: t.exposeBoolean('wasOnline', { description: 'When the root was last heard of.' }),
    addedAt: t.expose('addedAt', { type: 'DateTime' }),
  }),
});

IncidentRef.implement({
  description:
    'One cause and everything that follows from it: what, for whom, since when, and what it is based on.',
  authScopes: { scope: 'network:read' },
  fields: (t) => ({
    id: t.exposeID('id'),
    kind: t.expose('kind', { type: IncidentKindEnum }),
    state: t.expose('state', { type: IncidentStateEnum }),
    summary: t.exposeString('summary'),
    root: t.field({
      type: DeviceRef,
      nullable: true,
      description: 'The device at fault.',
      resolve: ({ rootDeviceId }, _args, { loaders }) => loaders.device.load(rootDeviceId),
    }),
    devices: t.field({
      type: [IncidentDeviceRef],
      description: 'The root and those that fell silent with it.',
      resolve: async ({ id }, _args, { loaders }) => [...(await loaders.devicesOfIncident.load(id))],
    }),
    affectedServiceCount: t.exposeInt('affectedServices'),
    affectedServiceIds: t.idList({
      description: 'All of them, for what other subgraphs add up; a client pages through `affectedServices`.',
      resolve: async ({ id }, _args, { loaders }) =>
        (await loaders.servicesOfIncident.load(id)).map(({ serviceId }) => serviceId),
    }),
    affectedServices: t.connection({
      type: AffectedServiceRef,
      description: 'Everybody whose way leads through the root, online or not.',
      resolve: ({ id }, args, { services }) =>
        resolveCursorConnection(
          { args, defaultSize: 50, maxSize: 1_000, toCursor: (one: AffectedService) => one.serviceId },
          ({ before, after, limit, inverted }: ResolveCursorConnectionArgs) =>
            affectedServicePage(services.database, id, { limit, inverted, after, before }),
        ),
    }),
    startedAt: t.expose('startedAt', { type: 'DateTime', description: 'The first evidence.' }),
    openedAt: t.expose('openedAt', { type: 'DateTime' }),
    confirmedAt: t.expose('confirmedAt', { type: 'DateTime', nullable: true }),
    resolvedAt: t.expose('resolvedAt', { type: 'DateTime', nullable: true }),
    resolution: t.exposeString('resolution', { nullable: true }),
    mergedInto: t.field({
      type: IncidentRef,
      nullable: true,
      description: 'The incident of whose cause this turned out to be a part.',
      resolve: ({ mergedInto }, _args, { loaders }) =>
        mergedInto === null ? null : loaders.incident.load(mergedInto),
    }),
    acknowledgedAt: t.expose('acknowledgedAt', { type: 'DateTime', nullable: true }),
    acknowledgedBy: t.exposeString('acknowledgedBy', { nullable: true, description: 'Id of a person.' }),
    assignedTo: t.exposeString('assignedTo', { nullable: true, description: 'Id of a person, or a team.' }),
    evidence: t.field({
      type: [EvidenceRef],
      description: 'In the order in which it was learnt.',
      resolve: async ({ id }, _args, { loaders }) => [...(await loaders.evidenceOfIncident.load(id))],
    }),
  }),
});

builder.asEntity(IncidentRef, {
  key: builder.selection<{ id: string }>('id'),
  resolveReference: async ({ id }, { loaders }) => (await loaders.incident.load(id)) as Incident,
});

builder.objectField(DeviceRef, 'incident', (t) =>
  t.field({
    type: IncidentRef,
    nullable: true,
    description: 'The open incident that it causes or is part of.',
    resolve: async ({ id }: Device, _args, { loaders }) => {
      const found = await loaders.incidentOfDevice.load(id);
      return found === null ? null : loaders.incident.load(found.incidentId);
    },
  }),
);

builder.queryFields((t) => ({
  incident: t.field({
    type: IncidentRef,
    nullable: true,
    args: { id: t.arg.id({ required: true }) },
    authScopes: { scope: 'network:read' },
    resolve: (_root, { id }, { loaders }) => loaders.incident.load(id),
  }),
  incidents: t.connection({
    type: IncidentRef,
    description: 'Incidents, newest first.',
    args: { states: t.arg({ type: [IncidentStateEnum], description: 'All when left out.' }) },
    authScopes: { scope: 'network:read' },
    resolve: (_root, args, { services }) =>
      resolveCursorConnection(
        { args, defaultSize: 50, maxSize: 500, toCursor: (incident: Incident) => incident.id },
        ({ before, after, limit, inverted }: ResolveCursorConnectionArgs) =>
          incidentPage(services.database, { limit, inverted, after, before, states: args.states }),
      ),
  }),
}));

const AcknowledgeIncidentInput = builder.inputType('AcknowledgeIncidentInput', {
  fields: (t) => ({ id: t.id({ required: true }), clientMutationId: t.string() }),
});
const AssignIncidentInput = builder.inputType('AssignIncidentInput', {
  fields: (t) => ({
    id: t.id({ required: true }),
    assignee: t.string({ description: 'Id of a person, or a team; null: nobody.' }),
    clientMutationId: t.string(),
  }),
});

builder.mutationFields((t) => ({
  acknowledgeIncident: t.field({
    type: IncidentRef,
    description: 'Somebody has seen it. A second time changes nothing.',
    authScopes: { scope: 'network:write' },
    errors: { types: [NotFoundError, ConflictError] },
    args: { input: t.arg({ type: AcknowledgeIncidentInput, required: true }) },
    resolve: (_root, { input: { id } }, context) =>
      changeIncident(context, id, ({ acknowledgedAt }, at) =>
        acknowledgedAt === null
          ? { change: { acknowledgedAt: at, acknowledgedBy: context.principal.id }, because: 'acknowledged' }
          : null,
      ),
  }),
  assignIncident: t.field({
    type: IncidentRef,
    authScopes: { scope: 'network:write' },
    errors: { types: [NotFoundError, ConflictError, ValidationError] },
    args: { input: t.arg({ type: AssignIncidentInput, required: true }) },
    resolve: (_root, { input: { id, assignee } }, context) => {
      const to = assignee?.trim() ?? null;
      if (to !== null && (to.length === 0 || to.length > 200))
        throw new ValidationError('input.assignee', 'Name somebody in 1 to 200 characters, or leave it out');
      return changeIncident(context, id, ({ assignedTo }) =>
        assignedTo === to
          ? null
          : { change: { assignedTo: to }, because: to === null ? 'assigned to nobody' : `assigned to ${to}` },
      );
    },
  }),
}));

/** Changes an open incident and tells of it; null changes nothing. */
async function changeIncident(
  { services, principal, traceId }: NetworkContext,
  id: string,
  decide: (
    incident: Incident,
    at: Date,
  ) => { readonly change: Parameters<typeof updateIncident>[2]; readonly because: string } | null,
): Promise<Incident> {
  const now = services.clock.now();
  return services.database.transaction().execute(async (transaction) => {
    const before = await lockedIncident(transaction, id);
    if (before === null) throw new NotFoundError('Incident', id);
    if (before.state === 'RESOLVED') throw new ConflictError('RESOLVED', 'The incident is resolved');
    const decision = decide(before, new Date(now));
    if (decision === null) return before;
    const after = await updateIncident(transaction, id, decision.change);
    await appendEvents<TenantEvents>(transaction, [
      { ...incidentChanged(after, decision.because, now, principal.id), traceId },
    ]);
    return after;
  });
}
