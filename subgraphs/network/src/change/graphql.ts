import { DeviceError, type PlanStep } from '@dotmac/device';
import { ConflictError, NotFoundError, StalePlanError } from '@dotmac/schema';
import { type ResolveCursorConnectionArgs, resolveCursorConnection } from '@pothos/plugin-relay';
import { lockedAccess } from '../access/store.ts';
import { builder } from '../builder.ts';
import { disconnect, planDisconnect } from '../session/disconnect.ts';
import {
  AccessChangeRef,
  AccessChangeStateEnum,
  AccessChangeStepRef,
  AccessModeEnum,
  ChangeModeEnum,
  ServiceRef,
  SessionRef,
  ShapingRef,
} from '../types.ts';
import { type AccessPlan, planAccess } from './apply.ts';
import { requestChange } from './events.ts';
import { type AccessChange, changePage } from './store.ts';

AccessChangeRef.implement({
  description: "A change of a service's access on its way to the devices, and how it ended.",
  authScopes: { scope: 'network:read' },
  fields: (t) => ({
    id: t.exposeID('id'),
    service: t.field({ type: ServiceRef, resolve: ({ serviceId }) => ({ id: serviceId }) }),
    mode: t.expose('mode', { type: AccessModeEnum }),
    shaping: t.expose('shaping', { type: ShapingRef, nullable: true }),
    because: t.exposeString('because'),
    state: t.expose('state', { type: AccessChangeStateEnum }),
    evidence: t.exposeString('evidence', { description: 'What the state is based on.' }),
    attempts: t.exposeInt('attempts'),
    requestedAt: t.expose('requestedAt', { type: 'DateTime' }),
    progressedAt: t.expose('progressedAt', { type: 'DateTime' }),
    steps: t.field({
      type: [AccessChangeStepRef],
      resolve: async ({ id }, _args, { loaders }) => [...(await loaders.stepsOfChange.load(id))],
    }),
  }),
});

AccessChangeStepRef.implement({
  description: 'One thing that was planned, sent or read back.',
  fields: (t) => ({
    at: t.expose('at', { type: 'DateTime' }),
    kind: t.expose('kind', {
      type: builder.enumType('AccessChangeStepKind', { values: ['PLAN', 'APPLY', 'VERIFY'] as const }),
    }),
    protocol: t.exposeString('protocol'),
    subject: t.exposeString('subject'),
    command: t.exposeString('command', {
      nullable: true,
      description: 'As the device sees it, without secrets.',
    }),
    ok: t.exposeBoolean('ok'),
    message: t.exposeString('message'),
  }),
});

builder.asEntity(AccessChangeRef, {
  key: builder.selection<{ id: string }>('id'),
  resolveReference: async ({ id }, { loaders }) => (await loaders.change.load(id)) as AccessChange,
});

builder.queryFields((t) => ({
  accessChange: t.field({
    type: AccessChangeRef,
    nullable: true,
    args: { id: t.arg.id({ required: true }) },
    authScopes: { scope: 'network:read' },
    resolve: (_root, { id }, { loaders }) => loaders.change.load(id),
  }),
  accessChanges: t.connection({
    type: AccessChangeRef,
    description: 'Changes of access, newest first.',
    args: { state: t.arg({ type: AccessChangeStateEnum }), serviceId: t.arg.id() },
    authScopes: { scope: 'network:read' },
    resolve: (_root, args, { services }) =>
      resolveCursorConnection(
        { args, defaultSize: 50, maxSize: 500, toCursor: (change: AccessChange) => change.id },
        ({ before, after, limit, inverted }: ResolveCursorConnectionArgs) =>
          changePage(services.database, {
            limit,
            inverted,
            after,
            before,
            state: args.state,
            serviceId: args.serviceId,
          }),
      ),
  }),
}));

const DeviceStepRef = builder.objectRef<PlanStep>('DeviceStep').implement({
  description: 'One command to a device.',
  fields: (t) => ({
    kind: t.exposeString('kind'),
    subject: t.exposeString('ref'),
    before: t.string({ nullable: true, resolve: ({ before }) => before ?? null }),
    after: t.string({ nullable: true, resolve: ({ after }) => after ?? null }),
    command: t.exposeString('native'),
  }),
});

const AccessWayRef = builder.objectRef<AccessPlan['ways'][number]>('AccessWay').implement({
  description: 'A way to bring a change to the access device.',
  fields: (t) => ({
    protocol: t.exposeString('protocol'),
    risk: t.exposeString('risk', { description: 'none, session-drop, traffic, lockout or reboot.' }),
    steps: t.field({ type: [DeviceStepRef], resolve: ({ steps }) => [...steps] }),
  }),
});

interface ApplyAccessResult {
  readonly plan: AccessPlan;
  readonly change: AccessChange | null;
}

export const ApplyAccessResultRef = builder.objectRef<ApplyAccessResult>('ApplyAccessResult').implement({
  fields: (t) => ({
    wanted: t.string({ resolve: ({ plan }) => plan.wanted }),
    ways: t.field({
      type: [AccessWayRef],
      description: 'In order; the next is used only if reading back shows that the one before did not help.',
      resolve: ({ plan }) => [...plan.ways],
    }),
    fingerprint: t.string({ resolve: ({ plan }) => plan.fingerprint }),
    change: t.expose('change', { type: AccessChangeRef, nullable: true, description: 'Null for PLAN.' }),
  }),
});

const ApplyAccessInput = builder.inputType('ApplyAccessInput', {
  fields: (t) => ({
    serviceId: t.id({ required: true }),
    mode: t.field({ type: ChangeModeEnum, required: true }),
    fingerprint: t.string({ description: 'Of the plan; needed to APPLY.' }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('applyAccess', (t) =>
  t.field({
    type: ApplyAccessResultRef,
    description: "Brings a service's access on the devices to what it should be, as far as they differ.",
    authScopes: { scope: 'network:write' },
    errors: { types: [NotFoundError, ConflictError, StalePlanError] },
    args: { input: t.arg({ type: ApplyAccessInput, required: true }) },
    resolve: async (_root, { input }, { services, loaders, enforcement, principal }) => {
      const { serviceId } = input;
      const access = await loaders.access.load(serviceId);
      if (access === null) throw new NotFoundError('Service', serviceId);
      const plan = await withoutDeviceErrors(() => planAccess(enforcement, access, `apply:${serviceId}`));
      if (input.mode === 'PLAN') return { plan, change: null };
      if (input.fingerprint !== plan.fingerprint) throw new StalePlanError();
      const change = await services.database.transaction().execute(async (transaction) => {
        const now = await lockedAccess(transaction, serviceId);
        if (now === null) throw new NotFoundError('Service', serviceId);
        return requestChange(transaction, services, now, {
          because: `asked for by ${principal.name}`,
          actor: principal.id,
        });
      });
      return { plan, change };
    },
  }),
);

interface DisconnectResult {
  readonly sessionId: string;
  readonly steps: readonly PlanStep[];
  readonly fingerprint: string;
  readonly outcome: string | null;
  readonly evidence: string | null;
}

const DisconnectSessionResultRef = builder.objectRef<DisconnectResult>('DisconnectSessionResult').implement({
  fields: (t) => ({
    session: t.field({
      type: SessionRef,
      nullable: true,
      resolve: ({ sessionId }, _args, { loaders }) => loaders.session.clear(sessionId).load(sessionId),
    }),
    steps: t.field({ type: [DeviceStepRef], resolve: ({ steps }) => [...steps] }),
    fingerprint: t.exposeString('fingerprint'),
    outcome: t.exposeString('outcome', {
      nullable: true,
      description: 'What the device answered: applied, noop, unknown or rolled_back. Null for PLAN.',
    }),
    evidence: t.exposeString('evidence', { nullable: true, description: 'What reading back showed.' }),
  }),
});

const DisconnectSessionInput = builder.inputType('DisconnectSessionInput', {
  fields: (t) => ({
    sessionId: t.id({ required: true }),
    mode: t.field({ type: ChangeModeEnum, required: true }),
    fingerprint: t.string({ description: 'Of the plan; needed to APPLY.' }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('disconnectSession', (t) =>
  t.field({
    type: DisconnectSessionResultRef,
    description: 'Ends a live session; whether its subscriber may log in again is another matter.',
    authScopes: { scope: 'network:sessions:write' },
    errors: { types: [NotFoundError, ConflictError, StalePlanError] },
    args: { input: t.arg({ type: DisconnectSessionInput, required: true }) },
    resolve: async (_root, { input }, { services, enforcement }): Promise<DisconnectResult> => {
      const { sessionId } = input;
      return withoutDeviceErrors(async () => {
        const planned = await planDisconnect(services, enforcement, sessionId);
        const { fingerprint } = planned;
        const { steps } = planned.plan;
        if (input.mode === 'PLAN') return { sessionId, steps, fingerprint, outcome: null, evidence: null };
        if (input.fingerprint !== fingerprint) throw new StalePlanError();
        const { result, verification } = await disconnect(enforcement, planned);
        const evidence = `${verification.state}: ${verification.evidence}`;
        return { sessionId, steps, fingerprint, outcome: result.outcome, evidence };
      });
    },
  }),
);

/** What a device refuses is expected here, and told as a conflict with its stable code. */
export async function withoutDeviceErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DeviceError) throw new ConflictError(error.code, error.message);
    throw error;
  }
}
