import { ConflictError, ValidationError } from '@dotmac/schema';
import { actOf } from '../act.ts';
import { builder } from '../builder.ts';

const DemoClockRef = builder.objectRef<{ today: string; now: Date }>('DemoClock').implement({
  fields: (t) => ({
    today: t.expose('today', { type: 'LocalDate', description: 'In the zone of the tenant.' }),
    now: t.expose('now', { type: 'DateTime' }),
  }),
});

const AdvanceDemoClockInput = builder.inputType('AdvanceDemoClockInput', {
  fields: (t) => ({ days: t.int({ required: true }), clientMutationId: t.string() }),
});

builder.mutationField('advanceDemoClock', (t) =>
  t.field({
    type: DemoClockRef,
    description:
      'Lives through so many days at once, with everything that falls due on the way. Demo tenants only.',
    authScopes: { scope: 'tenant:write' },
    errors: { types: [ValidationError, ConflictError] },
    args: { input: t.arg({ type: AdvanceDemoClockInput, required: true }) },
    resolve: async (_root, { input: { days } }, context) => {
      const { services } = context;
      if (services.tenant?.demo !== true)
        throw new ConflictError('NOT_A_DEMO', 'Only the clock of a demo tenant can be advanced');
      if (days < 1 || days > 400) throw new ValidationError('input.days', `must be 1 to 400, not ${days}`);
      await services.advanceClock(days * 86_400_000);
      const { today, now } = actOf(context);
      return { today, now: new Date(now) };
    },
  }),
);
