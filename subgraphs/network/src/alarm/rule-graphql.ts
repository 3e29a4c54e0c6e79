import { newId } from '@dotmac/platform';
import { ConflictError, NotFoundError, StalePlanError, ValidationError } from '@dotmac/schema';
import { builder, type NetworkServices } from '../builder.ts';
import { AlarmRuleRef } from '../types.ts';
import { AlarmEffectsRef, type PlannedEffects } from './effects-type.ts';
import { applies, lockedWorld, planRuleChange } from './rule-change.ts';
import { AddAlarmRuleInput, ChangeAlarmRuleInput, RemoveAlarmRuleInput } from './rule-input.ts';
import { everywhere } from './scope.ts';
import { checkScope, type WantedScope } from './scope-check.ts';
import { type AlarmRule, alarmRules, insertAlarmRule, removeAlarmRule, updateAlarmRule } from './store.ts';
import { checkTerms, mostOwnRules, type TermsChange } from './terms.ts';

interface RuleResult extends PlannedEffects {
  readonly rule: AlarmRule;
}

const resultRef = (name: string) =>
  builder.objectRef<RuleResult>(name).implement({
    interfaces: [AlarmEffectsRef],
    fields: (t) => ({
      rule: t.expose('rule', { type: AlarmRuleRef, description: 'As it would be, or is now.' }),
    }),
  });
const AddAlarmRuleResultRef = resultRef('AddAlarmRuleResult');
const ChangeAlarmRuleResultRef = resultRef('ChangeAlarmRuleResult');
const RemoveAlarmRuleResultRef = resultRef('RemoveAlarmRuleResult');

builder.queryField('alarmRules', (t) =>
  t.field({
    type: [AlarmRuleRef],
    authScopes: { scope: 'network:read' },
    resolve: (_root, _args, { services }) => alarmRules(services.database),
  }),
);

builder.mutationFields((t) => ({
  addAlarmRule: t.field({
    type: AddAlarmRuleResultRef,
    description:
      "A rule of the tenant's own, which counts from the next reading on. PLAN says what it would raise and end.",
    authScopes: { scope: 'network:write' },
    errors: { types: [ValidationError, ConflictError, NotFoundError, StalePlanError] },
    args: { input: t.arg({ type: AddAlarmRuleInput, required: true }) },
    resolve: async (_root, { input }, { services: { database, clock }, principal }) => {
      const { mode, fingerprint, scope: wanted, clientMutationId: _id, ...terms } = input;
      const own = checkTerms(terms);
      return database.transaction().execute(async (transaction) => {
        const before = await lockedWorld(transaction);
        if (before.rules.some(({ name }) => name === own.name))
          throw new ConflictError('DUPLICATE_RULE', `Another rule is called "${own.name}"`);
        if (before.rules.filter(({ createdBy }) => createdBy !== null).length >= mostOwnRules)
          throw new ConflictError('TOO_MANY_RULES', `There are ${mostOwnRules} rules of your own already`);
        const scope = await checkScope(transaction, wanted);
        const id = newId('alr', clock);
        const rule = { ...own, ...scope, id, enabled: true, createdBy: principal.id, removedAt: null };
        const change = {
          subject: JSON.stringify([own, scope]),
          touched: [rule],
          rules: [...before.rules, rule],
          standings: before.standings,
        };
        const planned = await planRuleChange(transaction, before, change, new Date(clock.now()));
        if (!applies({ mode, fingerprint }, planned)) return { rule, ...planned };
        return { rule: await insertAlarmRule(transaction, rule), ...planned };
      });
    },
  }),
  changeAlarmRule: t.field({
    type: ChangeAlarmRuleResultRef,
    description:
      'Another limit, another place, on or off: it counts from the next reading on. PLAN says what that would raise and end.',
    authScopes: { scope: 'network:write' },
    errors: { types: [ValidationError, ConflictError, NotFoundError, StalePlanError] },
    args: { input: t.arg({ type: ChangeAlarmRuleInput, required: true }) },
    resolve: (_root, { input }, { services }) => {
      const { mode, fingerprint, id, scope, clientMutationId: _id, ...terms } = input;
      return changeRule(services, id, { terms, scope }, (planned) => applies({ mode, fingerprint }, planned));
    },
  }),
  removeAlarmRule: t.field({
    type: RemoveAlarmRuleResultRef,
    description:
      'Its alarms end with the next reading. Those that come with DotMac are switched off instead. PLAN says what that would raise and end.',
    authScopes: { scope: 'network:write' },
    errors: { types: [ValidationError, NotFoundError, ConflictError, StalePlanError] },
    args: { input: t.arg({ type: RemoveAlarmRuleInput, required: true }) },
    resolve: async (_root, { input }, { services: { database, clock } }) => {
      const { mode, fingerprint, id } = input;
      return database.transaction().execute(async (transaction) => {
        const before = await lockedWorld(transaction);
        const rule = before.rules.find((one) => one.id === id);
        if (rule === undefined) throw new NotFoundError('AlarmRule', id);
        if (rule.createdBy === null)
          throw new ConflictError(
            'BUILT_IN',
            `"${rule.name}" comes with DotMac; switch it off by changeAlarmRule with enabled: false`,
          );
        const now = new Date(clock.now());
        const change = {
          subject: JSON.stringify(['remove', id]),
          touched: [rule],
          rules: before.rules.filter((one) => one.id !== id),
          standings: before.standings,
        };
        const planned = await planRuleChange(transaction, before, change, now);
        if (!applies({ mode, fingerprint }, planned)) return { rule, ...planned };
        return { rule: await removeAlarmRule(transaction, id, now), ...planned };
      });
    },
  }),
}));

/** Plans a change of a rule, and makes it when `goOn` says so. */
async function changeRule(
  { database, clock }: NetworkServices,
  id: string,
  wanted: {
    readonly terms: TermsChange & { readonly enabled?: boolean | null | undefined };
    readonly scope: WantedScope | null | undefined;
  },
  goOn: (planned: PlannedEffects) => boolean,
): Promise<RuleResult> {
  return database.transaction().execute(async (transaction) => {
    const before = await lockedWorld(transaction);
    const rule = before.rules.find((one) => one.id === id);
    if (rule === undefined) throw new NotFoundError('AlarmRule', id);
    const { enabled, ...terms } = wanted.terms;
    const scope = wanted.scope === undefined ? null : await checkScope(transaction, wanted.scope);
    if (rule.createdBy === null && scope !== null && scope !== everywhere)
      throw new ConflictError('BUILT_IN', `"${rule.name}" comes with DotMac: it holds everywhere`);
    const change = { ...checkTerms(rule, terms), ...scope, enabled: enabled ?? rule.enabled };
    const after = { ...rule, ...change };
    const planned = await planRuleChange(
      transaction,
      before,
      {
        subject: JSON.stringify([id, change]),
        touched: [rule, after],
        rules: before.rules.map((one) => (one.id === id ? after : one)),
        standings: before.standings,
      },
      new Date(clock.now()),
    );
    return { rule: goOn(planned) ? await updateAlarmRule(transaction, id, change) : after, ...planned };
  });
}
