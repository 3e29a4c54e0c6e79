import { ValidationError } from '@dotmac/schema';
import { actOf } from '../act.ts';
import { builder } from '../builder.ts';
import { removeTaxService, saveTaxService, type TaxService, taxService } from './store-quote.ts';

const TaxRateServiceRef = builder.objectRef<TaxService>('TaxRateService').implement({
  description: 'Where the rates of places in the United States are asked for.',
  fields: (t) => ({
    url: t.exposeString('url'),
    maximumAgeHours: t.exposeInt('maximumAgeHours', {
      description: 'Older answers are not billed by; invoices wait for new ones.',
    }),
    setAt: t.expose('setAt', { type: 'DateTime' }),
  }),
});

builder.queryField('taxRateService', (t) =>
  t.field({
    type: TaxRateServiceRef,
    nullable: true,
    authScopes: { scope: 'billing:read' },
    resolve: (_root, _args, { services }) => taxService(services.database),
  }),
);

const SetTaxRateServiceInput = builder.inputType('SetTaxRateServiceInput', {
  fields: (t) => ({
    url: t.string({ description: 'https://…; none removes the service and what it said.' }),
    token: t.string({ description: 'Is sealed, and never shown again.' }),
    maximumAgeHours: t.int({ description: '720 when left out.' }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('setTaxRateService', (t) =>
  t.field({
    type: TaxRateServiceRef,
    nullable: true,
    authScopes: { scope: 'tenant:write' },
    errors: { types: [ValidationError] },
    args: { input: t.arg({ type: SetTaxRateServiceInput, required: true }) },
    resolve: (_root, { input: { url, token, maximumAgeHours } }, context) =>
      context.services.database.transaction().execute(async (transaction) => {
        if (url == null) {
          await removeTaxService(transaction);
          return null;
        }
        const parsed = URL.parse(url);
        const local = parsed?.hostname === '127.0.0.1' || parsed?.hostname === '[::1]';
        // An adapter beside us may do without a certificate; a token does not travel in the clear.
        if (parsed === null || !(parsed.protocol === 'https:' || (parsed.protocol === 'http:' && local)))
          throw new ValidationError('input.url', 'A rate service is https://…, or http:// on this machine');
        if (parsed.username !== '' || parsed.password !== '')
          throw new ValidationError('input.url', 'Credentials go into the token, not into the address');
        const hours = maximumAgeHours ?? 720;
        if (hours < 1 || hours > 8760)
          throw new ValidationError('input.maximumAgeHours', 'Answers hold for 1 to 8760 hours');
        const { actor, now } = actOf(context);
        return saveTaxService(transaction, context.services.secrets, {
          url,
          token: token ?? null,
          maximumAgeHours: hours,
          setBy: actor,
          setAt: new Date(now),
        });
      }),
  }),
);
