import { passwordMatches, signToken, systemClock } from '@dotmac/platform';
import { ConflictError, DomainError, ForbiddenError, type Principal } from '@dotmac/schema';
import { builder } from '../builder.ts';
import { tenantBySlug } from '../tenant/store.ts';
import { TenantRef } from '../tenant/type.ts';
import { principalOf } from './rules.ts';
import { accountByEmail, membershipsOf } from './store.ts';

const tokenLifetimeSeconds = 8 * 3600;

class SignInError extends DomainError {
  override readonly name = 'SignInError';
  constructor() {
    super('SIGN_IN_FAILED', 'E-mail address or password is wrong');
  }
}
builder.objectType(SignInError, {
  name: 'SignInError',
  fields: (t) => ({ code: t.exposeString('code'), message: t.exposeString('message') }),
});

interface SignedIn {
  readonly token: string;
  readonly expiresAt: Date;
  readonly principal: Principal;
}

const ViewerRef = builder.objectRef<Principal>('Viewer').implement({
  description: 'Who is asking.',
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    kind: t.exposeString('kind'),
    roles: t.exposeStringList('roles'),
    scopes: t.exposeStringList('scopes'),
    tenant: t.field({
      type: TenantRef,
      nullable: true,
      resolve: ({ tenantId }, _args, { loaders }) =>
        tenantId === null ? null : loaders.tenant.load(tenantId),
    }),
  }),
});

const SignedInRef = builder.objectRef<SignedIn>('SignedIn').implement({
  fields: (t) => ({
    token: t.exposeString('token', { description: 'Send it as `Authorization: Bearer …`.' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime' }),
    viewer: t.field({ type: ViewerRef, resolve: ({ principal }) => principal }),
  }),
});

builder.queryField('viewer', (t) =>
  t.field({
    type: ViewerRef,
    nullable: true,
    resolve: (_root, _args, { principal }) => (principal.kind === 'anonymous' ? null : principal),
  }),
);

const SignInInput = builder.inputType('SignInInput', {
  fields: (t) => ({
    email: t.string({ required: true }),
    password: t.string({ required: true }),
    tenant: t.string({ description: 'Slug of the tenant, for people who belong to several.' }),
  }),
});

builder.mutationField('signIn', (t) =>
  t.field({
    type: SignedInRef,
    description: 'For staff, operators and partners. Subscribers sign in to their own tenant.',
    errors: { types: [SignInError, ConflictError, ForbiddenError] },
    args: { input: t.arg({ type: SignInInput, required: true }) },
    resolve: async (_root, { input }, { services, identityKey }) => {
      const account = await accountByEmail(services.database, input.email.trim().toLowerCase());
      const right = await passwordMatches(account?.passwordHash ?? null, input.password);
      if (account === null || account.disabledAt !== null || !right) throw new SignInError();
      const now = systemClock.now();
      const tenant = input.tenant == null ? null : await tenantBySlug(services.database, input.tenant);
      if (input.tenant != null && tenant === null) throw new ForbiddenError('', 'You do not belong there');
      const memberships = await membershipsOf(services.database, account.id, new Date(now));
      const principal = principalOf(account, memberships, tenant?.id ?? null);
      const token = await signToken(principal, {
        key: identityKey,
        issuer: 'dotmac',
        audience: 'gateway',
        lifetimeSeconds: tokenLifetimeSeconds,
        clock: systemClock,
      });
      return { token, expiresAt: new Date(now + tokenLifetimeSeconds * 1000), principal };
    },
  }),
);
