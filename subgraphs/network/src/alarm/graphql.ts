import { appendEvents } from '@dotmac/platform';
import { ConflictError, NotFoundError, type TenantEvents, ValidationError } from '@dotmac/schema';
import { type ResolveCursorConnectionArgs, resolveCursorConnection } from '@pothos/plugin-relay';
import { builder, type NetworkContext } from '../builder.ts';
import { AlarmRef } from '../types.ts';
import { alarmEvent } from './events.ts';
import { type Alarm, alarmPage, alarmRulesById, lockedAlarm, updateAlarm } from './store.ts';

builder.queryFields((t) => ({
  alarms: t.connection({
    type: AlarmRef,
    description: 'Alarms, newest first.',
    args: { active: t.arg.boolean({ description: 'All when left out.' }) },
    authScopes: { scope: 'network:read' },
    resolve: (_root, args, { services }) =>
      resolveCursorConnection(
        { args, defaultSize: 50, maxSize: 500, toCursor: (alarm: Alarm) => alarm.id },
        ({ before, after, limit, inverted }: ResolveCursorConnectionArgs) =>
          alarmPage(services.database, { limit, inverted, after, before, active: args.active }),
      ),
  }),
}));

const AcknowledgeAlarmInput = builder.inputType('AcknowledgeAlarmInput', {
  fields: (t) => ({ id: t.id({ required: true }), clientMutationId: t.string() }),
});
const AssignAlarmInput = builder.inputType('AssignAlarmInput', {
  fields: (t) => ({
    id: t.id({ required: true }),
    assignee: t.string({ description: 'Id of a person, or a team; null: nobody.' }),
    clientMutationId: t.string(),
  }),
});
const SuppressAlarmInput = builder.inputType('SuppressAlarmInput', {
  fields: (t) => ({
    id: t.id({ required: true }),
    until: t.field({ type: 'DateTime', required: true }),
    because: t.string({ required: true }),
    clientMutationId: t.string(),
  }),
});

builder.mutationFields((t) => ({
  acknowledgeAlarm: t.field({
    type: AlarmRef,
    description: 'Somebody has seen it. A second time changes nothing.',
    authScopes: { scope: 'network:write' },
    errors: { types: [NotFoundError, ConflictError] },
    args: { input: t.arg({ type: AcknowledgeAlarmInput, required: true }) },
    resolve: (_root, { input }, context) =>
      changeAlarm(context, input.id, 'acknowledged', ({ acknowledgedAt }, at) =>
        acknowledgedAt === null ? { acknowledgedAt: at, acknowledgedBy: context.principal.id } : null,
      ),
  }),
  assignAlarm: t.field({
    type: AlarmRef,
    authScopes: { scope: 'network:write' },
    errors: { types: [NotFoundError, ConflictError, ValidationError] },
    args: { input: t.arg({ type: AssignAlarmInput, required: true }) },
    resolve: (_root, { input: { id, assignee } }, context) => {
      const to = assignee?.trim() ?? null;
      if (to !== null && (to.length === 0 || to.length > 200))
        throw new ValidationError('input.assignee', 'Name somebody in 1 to 200 characters, or leave it out');
      return changeAlarm(
        context,
        id,
        to === null ? 'assigned to nobody' : `assigned to ${to}`,
        ({ assignedTo }) => (assignedTo === to ? null : { assignedTo: to }),
      );
    },
  }),
  suppressAlarm: t.field({
    type: AlarmRef,
    description: 'Nobody wants to hear of it until then.',
    authScopes: { scope: 'network:write' },
    errors: { types: [NotFoundError, ConflictError, ValidationError] },
    args: { input: t.arg({ type: SuppressAlarmInput, required: true }) },
    resolve: (_root, { input: { id, until, because } }, context) => {
      if (until.getTime() <= context.services.clock.now())
        throw new ValidationError('input.until', 'It has to lie in the future');
      return changeAlarm(context, id, `suppressed: ${because}`, () => ({
        suppressedUntil: until,
        suppressedBecause: because,
      }));
    },
  }),
}));

/** Changes an alarm that is not cleared and tells of it; null changes nothing. */
async function changeAlarm(
  { services, principal, traceId }: NetworkContext,
  id: string,
  because: string,
  decide: (alarm: Alarm, at: Date) => Parameters<typeof updateAlarm>[2] | null,
): Promise<Alarm> {
  const now = services.clock.now();
  return services.database.transaction().execute(async (transaction) => {
    const before = await lockedAlarm(transaction, id);
    if (before === null) throw new NotFoundError('Alarm', id);
    if (before.clearedAt !== null) throw new ConflictError('CLEARED', 'The alarm is cleared');
    const change = decide(before, new Date(now));
    if (change === null) return before;
    const after = await updateAlarm(transaction, id, change);
    const [rule] = await alarmRulesById(transaction, [after.ruleId]);
    await appendEvents<TenantEvents>(transaction, [
      alarmEvent({ because }, after, rule?.name ?? after.ruleId, { at: now, actor: principal.id, traceId }),
    ]);
    return after;
  });
}
