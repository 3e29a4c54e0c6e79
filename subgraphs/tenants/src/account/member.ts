import { appendEvents, hashPassword, newId } from '@dotmac/platform';
import { type PlatformEvents, type Role, readMailbox, roles, ValidationError } from '@dotmac/schema';
import { builder, type TenantsServices } from '../builder.ts';
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
      const member = await join(services, {
        ...input,
        tenantId,
        partnerId: null,
        actor: principal.id,
        traceId,
      });
      return { ...member, role: input.role };
    },
  }),
);

interface NewMember {
  readonly email: string;
  readonly name: string;
  readonly password: string;
  readonly tenantId: string | null;
  readonly partnerId: string | null;
  readonly role: Role;
  readonly actor: string;
  readonly traceId: string;
}

/** Gives a person a role in a tenant or for a partner, and an account when there is none. */
async function join(services: TenantsServices, member: NewMember): Promise<{ id: string; email: string }> {
  const email = readMailbox('input.email', member.email);
  if (member.password.length < 10)
    throw new ValidationError('input.password', 'A password needs at least 10 characters');
  const passwordHash = await hashPassword(member.password);
  const now = services.clock.now();
  const createdAt = new Date(now);
  const { name, tenantId, partnerId, role, actor, traceId } = member;
  return services.database.transaction().execute(async (transaction) => {
    const account = await ensureAccount(transaction, {
      id: newId('usr', services.clock),
      email,
      name,
      passwordHash,
      createdAt,
    });
    await addMembership(transaction, {
      id: newId('mbr', services.clock),
      accountId: account.id,
      tenantId,
      partnerId,
      role,
      createdAt,
    });
    await appendEvents<PlatformEvents>(transaction, [
      {
        type: 'membership.changed',
        subject: account.id,
        payload: { userId: account.id, tenantId },
        occurredAt: now,
        actor,
        traceId,
      },
    ]);
    return { id: account.id, email };
  });
}

const AddPartnerMemberInput = builder.inputType('AddPartnerMemberInput', {
  fields: (t) => ({
    partnerId: t.id({ required: true }),
    email: t.string({ required: true }),
    name: t.string({ required: true }),
    password: t.string({
      required: true,
      description: 'For a new account, at least 10 characters; an existing one keeps its own.',
    }),
    clientMutationId: t.string(),
  }),
});

const PartnerMemberRef = builder.objectRef<{ id: string; email: string }>('PartnerMember').implement({
  description: 'A person who acts for a partner.',
  fields: (t) => ({ id: t.exposeID('id'), email: t.exposeString('email') }),
});

builder.mutationField('addPartnerMember', (t) =>
  t.field({
    type: PartnerMemberRef,
    authScopes: { scope: 'platform:write' },
    errors: { types: [ValidationError] },
    args: { input: t.arg({ type: AddPartnerMemberInput, required: true }) },
    resolve: (_root, { input }, { services, principal, traceId }) =>
      join(services, { ...input, tenantId: null, role: 'PARTNER', actor: principal.id, traceId }),
  }),
);
