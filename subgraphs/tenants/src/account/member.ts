import { appendEvents, hashPassword, newId } from '@dotmac/platform';
import { type PlatformEvents, type Role, roles, ValidationError } from '@dotmac/schema';
import { builder } from '../builder.ts';
import { addMembership, ensureAccount } from './store.ts';

/** Roles that one tenant's owner can give: neither the operator's nor those that are not staff. */
const staffRoles = roles.filter((role) => !['OPERATOR', 'PARTNER', 'SUBSCRIBER'].includes(role));
const StaffRoleEnum = builder.enumType('StaffRole', { values: staffRoles });

interface Member {
  readonly id: string;
  readonly email: string;
  readonly role: Role;
}
const MemberRef = builder.objectRef<Member>('Member').implement({
  description: 'A person who works in a tenant.',
  fields: (t) => ({
    id: t.exposeID('id'),
    email: t.exposeString('email'),
    role: t.expose('role', { type: StaffRoleEnum }),
  }),
});

const AddMemberInput = builder.inputType('AddMemberInput', {
  fields: (t) => ({
    email: t.string({ required: true }),
    name: t.string({ required: true }),
    role: t.field({ type: StaffRoleEnum, required: true }),
    password: t.string({
      required: true,
      description: 'For a new account, at least 10 characters; an existing one keeps its own.',
    }),
    clientMutationId: t.string(),
  }),
});

builder.mutationField('addMember', (t) =>
  t.field({
    type: MemberRef,
    description: 'Lets a person work in the tenant of the principal.',
    authScopes: { scope: 'tenant:write' },
    errors: { types: [ValidationError] },
    args: { input: t.arg({ type: AddMemberInput, required: true }) },
    resolve: async (_root, { input }, { services, principal, traceId }) => {
      const { tenantId } = principal;
      if (tenantId === null) throw new ValidationError('input', 'Members belong to a tenant: act in one');
      const email = input.email.trim().toLowerCase();
      if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email))
        throw new ValidationError('input.email', `"${email}" is not an e-mail address`);
      if (input.password.length < 10)
        throw new ValidationError('input.password', 'A password needs at least 10 characters');
      const passwordHash = await hashPassword(input.password);
      const now = services.clock.now();
      const createdAt = new Date(now);
      return services.database.transaction().execute(async (transaction) => {
        const account = await ensureAccount(transaction, {
          id: newId('usr', services.clock),
          email,
          name: input.name,
          passwordHash,
          createdAt,
        });
        const membership = {
          id: newId('mbr', services.clock),
          accountId: account.id,
          tenantId,
          partnerId: null,
          role: input.role,
          createdAt,
        };
        await addMembership(transaction, membership);
        await appendEvents<PlatformEvents>(transaction, [
          {
            type: 'membership.changed',
            subject: account.id,
            payload: { userId: account.id, tenantId },
            occurredAt: now,
            actor: principal.id,
            traceId,
          },
        ]);
        return { id: account.id, email, role: input.role };
      });
    },
  }),
);
