import { passwordMatches, signToken, systemClock } from '@dotmac/platform';
import { anonymous, DomainError } from '@dotmac/schema';
import { builder } from '../builder.ts';
import { credentialsByEmail } from './store.ts';

const tokenLifetimeSeconds = 8 * 3600;

class SubscriberSignInError extends DomainError {
  override readonly name = 'SubscriberSignInError';
  constructor() {
    super('SIGN_IN_FAILED', 'E-mail address or password is wrong');
  }
}
builder.objectType(SubscriberSignInError, {
  name: 'SubscriberSignInError',
  fields: (t) => ({ code: t.exposeString('code'), message: t.exposeString('message') }),
});

const SubscriberSignedInRef = builder
  .objectRef<{ token: string; expiresAt: Date }>('SubscriberSignedIn')
  .implement({
    fields: (t) => ({
      token: t.exposeString('token', { description: 'Send it as `Authorization: Bearer …`.' }),
      expiresAt: t.expose('expiresAt', { type: 'DateTime' }),
    }),
  });

const SignInSubscriberInput = builder.inputType('SignInSubscriberInput', {
  fields: (t) => ({ email: t.string({ required: true }), password: t.string({ required: true }) }),
});

builder.mutationField('signInSubscriber', (t) =>
  t.field({
    type: SubscriberSignedInRef,
    description: 'Signs a customer in to the portal of the tenant whose host name is asked.',
    errors: { types: [SubscriberSignInError] },
    args: { input: t.arg({ type: SignInSubscriberInput, required: true }) },
    resolve: async (_root, { input }, { services, signingKey }) => {
      const credentials = await credentialsByEmail(services.database, input.email.trim().toLowerCase());
      const right = await passwordMatches(credentials?.passwordHash ?? null, input.password);
      if (credentials === null || !right) throw new SubscriberSignInError();
      const { id, name } = credentials;
      const tenantId = services.tenant?.id ?? null;
      const principal = {
        ...anonymous,
        kind: 'subscriber',
        id,
        name,
        tenantId,
        customerId: id,
        roles: ['SUBSCRIBER'],
      } as const;
      const token = await signToken(principal, {
        key: signingKey,
        issuer: `tenant:${tenantId}`,
        audience: 'gateway',
        lifetimeSeconds: tokenLifetimeSeconds,
        clock: systemClock,
      });
      return { token, expiresAt: new Date(systemClock.now() + tokenLifetimeSeconds * 1000) };
    },
  }),
);
