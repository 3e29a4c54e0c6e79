import { newId } from '@dotmac/platform';
import { ConflictError, NotFoundError, StalePlanError, ValidationError } from '@dotmac/schema';
import { builder } from '../builder.ts';
import { fingerprintOf } from '../change/apply.ts';
import { AlarmRuleRef, ChangeModeEnum, DeviceRef } from '../types.ts';
import { AlarmMetricEnum, SeverityEnum } from './graphql.ts';
import { checkOwnRule, mostOwnRules } from './own-rule.ts';
import { type WouldBeAlarm, wouldRaise } from './preview.ts';
import { type AlarmRule, alarmRules, insertAlarmRule, lockAlarmRules, removeAlarmRule } from './store.ts';

const mostShown = 100;

const WouldBeAlarmRef = builder.objectRef<WouldBeAlarm>('WouldBeAlarm').implement({
  description: 'What a rule would call wrong, as it was last read.',
  fields: (t) => ({
    device: t.field({
      type: DeviceRef,
      nullable: true,
      resolve: ({ deviceId }, _args, { loaders }) => loaders.device.load(deviceId),
    }),
    evidence: t.string({ resolve: ({ value }) => value.words }),
  }),
});

interface AddResult {
  readonly rule: AlarmRule;
  readonly would: readonly WouldBeAlarm[];
  readonly fingerprint: string;
}

const AddAlarmRuleResultRef = builder.objectRef<AddResult>('AddAlarmRuleResult').implement({
  fields: (t) => ({
    rule: t.expose('rule', { type: AlarmRuleRef, description: 'As it would be, or is now.' }),
    wouldRaiseCount: t.int({
      description: 'So many alarms follow if the next readings are as the last ones.',
      resolve: ({ would }) => would.length,
    }),
    wouldRaise: t.field({
      type: [WouldBeAlarmRef],
      description: `The first ${mostShown} of them.`,
      resolve: ({ would }) => would.slice(0, mostShown),
    }),
    fingerprint: t.exposeString('fingerprint', {
      description: 'Of the rule and of those in force. Readings sway, and are no part of it.',
    }),
  }),
});

const AddAlarmRuleInput = builder.inputType('AddAlarmRuleInput', {
  fields: (t) => ({
    mode: t.field({ type: ChangeModeEnum, required: true }),
    fingerprint: t.string({ description: 'Of the plan; needed to APPLY.' }),
    name: t.string({ required: true }),
    metric: t.field({ type: AlarmMetricEnum, required: true }),
    severity: t.field({ type: SeverityEnum, required: true }),
    raiseAbove: t.float({ description: 'In the unit of the metric; with `clearBelow`.' }),
    clearBelow: t.float(),
    raiseBelow: t.float({ description: 'For what must not be low; with `clearAbove`.' }),
    clearAbove: t.float(),
    sensorClass: t.string({ description: 'For SENSOR_VALUE: such as `temperature`.' }),
    sensorName: t.string({ description: 'Only sensors with this in their name; all when left out.' }),
    raiseAfter: t.int({ description: 'Readings in a row; 1 when left out.' }),
    clearAfter: t.int({ description: '2 when left out.' }),
    degrades: t.boolean({ description: 'Whether the device is DEGRADED meanwhile; false when left out.' }),
    clientMutationId: t.string(),
  }),
});
const RemoveAlarmRuleInput = builder.inputType('RemoveAlarmRuleInput', {
  fields: (t) => ({ id: t.id({ required: true }), clientMutationId: t.string() }),
});

builder.mutationFields((t) => ({
  addAlarmRule: t.field({
    type: AddAlarmRuleResultRef,
    description:
      "A rule of the tenant's own, which counts from the next reading on. PLAN says what it would raise.",
    authScopes: { scope: 'network:write' },
    errors: { types: [ValidationError, ConflictError, StalePlanError] },
    args: { input: t.arg({ type: AddAlarmRuleInput, required: true }) },
    resolve: async (_root, { input }, { services: { database, clock }, principal }) => {
      const { mode, fingerprint: planned, clientMutationId: _id, ...wanted } = input;
      const own = checkOwnRule(wanted);
      return database.transaction().execute(async (transaction) => {
        await lockAlarmRules(transaction);
        const inForce = await alarmRules(transaction);
        if (inForce.some(({ name }) => name === own.name))
          throw new ConflictError('DUPLICATE_RULE', `Another rule is called "${own.name}"`);
        if (inForce.filter(({ createdBy }) => createdBy !== null).length >= mostOwnRules)
          throw new ConflictError('TOO_MANY_RULES', `There are ${mostOwnRules} rules of your own already`);
        const would = await wouldRaise(transaction, own, new Date(clock.now()));
        const fingerprint = fingerprintOf(
          'alarm rule',
          JSON.stringify(own),
          inForce.map((rule) => JSON.stringify(rule)),
        );
        const id = newId('alr', clock);
        const rule = { ...own, id, enabled: true, createdBy: principal.id, removedAt: null };
        if (mode === 'PLAN') return { rule, would, fingerprint };
        if (planned !== fingerprint) throw new StalePlanError();
        return { rule: await insertAlarmRule(transaction, rule), would, fingerprint };
      });
    },
  }),
  removeAlarmRule: t.field({
    type: AlarmRuleRef,
    description:
      'Its alarms end with the next reading. Those that come with DotMac are switched off instead.',
    authScopes: { scope: 'network:write' },
    errors: { types: [NotFoundError, ConflictError] },
    args: { input: t.arg({ type: RemoveAlarmRuleInput, required: true }) },
    resolve: async (_root, { input: { id } }, { services: { database, clock } }) =>
      database.transaction().execute(async (transaction) => {
        await lockAlarmRules(transaction);
        const before = (await alarmRules(transaction)).find((rule) => rule.id === id);
        if (before === undefined) throw new NotFoundError('AlarmRule', id);
        if (before.createdBy === null)
          throw new ConflictError(
            'BUILT_IN',
            `"${before.name}" comes with DotMac; switch it off by updateAlarmRule with enabled: false`,
          );
        return removeAlarmRule(transaction, id, new Date(clock.now()));
      }),
  }),
}));
