import { appendEvents } from '@dotmac/platform';
import { StalePlanError, type TenantEvents, ValidationError } from '@dotmac/schema';
import { desiredMode } from '../access/rules.ts';
import { accessesByService, lockedAccess, updateAccess } from '../access/store.ts';
import { builder } from '../builder.ts';
import { fingerprintOf } from '../change/apply.ts';
import { requestChange } from '../change/events.ts';
import { ChangeModeEnum } from '../types.ts';
import { gardenGiven } from './given.ts';
import { type Garden, type GardenReason, type GardenRule, gardenReasons } from './rules.ts';
import { garden, heldServices, keepRule } from './store.ts';

const GardenReasonEnum = builder.enumType('GardenReason', {
  description: 'A refusal that may be an accept into the walled garden instead.',
  values: gardenReasons,
});

const GardenRuleRef = builder.objectRef<GardenRule>('GardenRule').implement({
  description: 'What a login that would be refused for this reason gets.',
  fields: (t) => ({
    reason: t.expose('reason', { type: GardenReasonEnum }),
    admitted: t.exposeBoolean('admitted', {
      description: 'Accepted into the walled garden; false: refused.',
    }),
    addressList: t.exposeString('addressList', { nullable: true }),
    filterId: t.exposeString('filterId', { nullable: true }),
    pool: t.exposeString('pool', { nullable: true }),
    redirectUrl: t.exposeString('redirectUrl', { nullable: true }),
  }),
});

builder.queryField('gardenRules', (t) =>
  t.field({
    type: [GardenRuleRef],
    description: 'Every reason with what holds.',
    authScopes: { scope: 'network:read' },
    resolve: async (_root, _args, { services }) => [...(await garden(services.database)).values()],
  }),
);

interface RuleResult {
  readonly rule: GardenRule;
  readonly services: number;
  readonly fingerprint: string;
}

const SetGardenRuleResultRef = builder.objectRef<RuleResult>('SetGardenRuleResult').implement({
  fields: (t) => ({
    rule: t.expose('rule', { type: GardenRuleRef }),
    affectedServices: t.exposeInt('services', {
      description:
        'Services whose way of access, or what they are given in the garden, changes now; it is brought to their live sessions.',
    }),
    fingerprint: t.exposeString('fingerprint'),
  }),
});

const SetGardenRuleInput = builder.inputType('SetGardenRuleInput', {
  fields: (t) => ({
    reason: t.field({ type: GardenReasonEnum, required: true }),
    mode: t.field({ type: ChangeModeEnum, required: true }),
    fingerprint: t.string({ description: 'Of the plan; needed to APPLY.' }),
    admitted: t.boolean({ required: true }),
    addressList: t.string({ description: 'MikroTik: a further Mikrotik-Address-List.' }),
    filterId: t.string({ description: 'Filter-Id.' }),
    pool: t.string({ description: 'Framed-Pool.' }),
    redirectUrl: t.string({ description: 'For vendors that are told by RADIUS where the web is sent.' }),
    clientMutationId: t.string(),
  }),
});

/** @throws ValidationError for what no attribute of RADIUS can hold. */
function checkText(field: string, value: string | null | undefined): string | null {
  const text = value?.trim() ?? '';
  if (text === '') return null;
  if (Buffer.byteLength(text) > 240 || text.includes('\0'))
    throw new ValidationError(field, 'It has at most 240 octets and no NUL');
  return text;
}

function checkUrl(value: string | null | undefined): string | null {
  const text = checkText('input.redirectUrl', value);
  if (text === null) return null;
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw new ValidationError(
      'input.redirectUrl',
      `"${text}" is no address of the web; right would be https://pay.example.net/`,
    );
  return text;
}

builder.mutationField('setGardenRule', (t) =>
  t.field({
    type: SetGardenRuleResultRef,
    description:
      'Whether a login refused for a reason is let into the walled garden instead, and what it gets there. Services that are held for it now follow.',
    authScopes: { scope: 'network:write' },
    errors: { types: [ValidationError, StalePlanError] },
    args: { input: t.arg({ type: SetGardenRuleInput, required: true }) },
    resolve: async (_root, { input }, { services, policy, principal, traceId }) => {
      const { reason, admitted } = input;
      const rule: GardenRule = {
        reason,
        admitted,
        addressList: checkText('input.addressList', input.addressList),
        filterId: checkText('input.filterId', input.filterId),
        pool: checkText('input.pool', input.pool),
        redirectUrl: checkUrl(input.redirectUrl),
      };
      const result = await services.database.transaction().execute(async (transaction) => {
        const before = await garden(transaction);
        const after: Garden = new Map<GardenReason, GardenRule>([...before, [reason, rule]]);
        const held = await heldServices(transaction);
        const accesses = held.length === 0 ? [] : await accessesByService(transaction, held);
        const modeOf = ({ locks, capBlocked, termsEnded }: (typeof accesses)[number]) =>
          desiredMode(locks, { capBlocked, ended: termsEnded, garden: after });
        const givenBy = (access: (typeof accesses)[number], rules: Garden) =>
          JSON.stringify(gardenGiven({ ...access, mode: modeOf(access) }, rules));
        const turned = accesses.filter(
          (access) => modeOf(access) !== access.mode || givenBy(access, before) !== givenBy(access, after),
        );
        const fingerprint = fingerprintOf(
          `garden:${reason}`,
          JSON.stringify([before.get(reason), rule]),
          turned.map(({ serviceId }) => serviceId),
        );
        const plan = { rule, services: turned.length, fingerprint };
        if (input.mode === 'PLAN') return plan;
        if (input.fingerprint !== fingerprint) throw new StalePlanError();
        await keepRule(transaction, rule);
        await appendEvents<TenantEvents>(transaction, [
          {
            type: 'garden.rule.updated',
            subject: reason,
            payload: { reason, admitted },
            occurredAt: services.clock.now(),
            actor: principal.id,
            traceId,
          },
        ]);
        for (const { serviceId } of turned) {
          const access = await lockedAccess(transaction, serviceId);
          if (access === null) continue;
          const mode = modeOf(access);
          if (mode !== access.mode) await updateAccess(transaction, serviceId, { mode });
          const because =
            mode === access.mode
              ? `what the walled garden gives for ${reason} has changed`
              : `${reason} ${admitted ? 'leads into the walled garden' : 'is refused'} from now on`;
          await requestChange(transaction, services, { ...access, mode }, { because, actor: principal.id });
        }
        return plan;
      });
      if (input.mode === 'APPLY') await policy.reloadGarden();
      return result;
    },
  }),
);
