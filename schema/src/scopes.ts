/**
 * What a principal may do. A scope is `area:action` or `area:part:action`; fields and mutations name the one they
 * need. Empty means no access. API keys carry scopes of their own; people get theirs from their role.
 */
export const scopes = [
  'customers:read',
  'customers:write',
  'catalogue:read',
  'catalogue:write',
  'billing:read',
  'billing:write',
  'payments:write',
  'network:read',
  'network:write',
  'network:sessions:read',
  'network:sessions:write',
  'network:secrets:reveal',
  'tenant:read',
  'tenant:write',
  'tenant:keys:write',
  'partner:read',
  'partner:write',
  'platform:read',
  'platform:write',
  'audit:read',
] as const;
export type Scope = (typeof scopes)[number];

export const roles = [
  'OPERATOR',
  'OWNER',
  'ADMIN',
  'BILLING',
  'NOC',
  'SUPPORT',
  'TECHNICIAN',
  'AUDITOR',
  'SUBSCRIBER',
  'PARTNER',
] as const;
export type Role = (typeof roles)[number];

const tenantScopes = scopes.filter((scope) => !/^(partner|platform):/.test(scope));

/** Scopes that come with a role. A subscriber has none: he reaches only what is his own. */
const scopesByRole: Readonly<Record<Role, readonly Scope[]>> = {
  OPERATOR: scopes,
  OWNER: tenantScopes,
  ADMIN: tenantScopes,
  BILLING: [
    'customers:read',
    'customers:write',
    'catalogue:read',
    'catalogue:write',
    'billing:read',
    'billing:write',
    'payments:write',
    'tenant:read',
  ],
  NOC: [
    'customers:read',
    'catalogue:read',
    'network:read',
    'network:write',
    'network:sessions:read',
    'network:sessions:write',
    'tenant:read',
  ],
  SUPPORT: [
    'customers:read',
    'customers:write',
    'catalogue:read',
    'billing:read',
    'network:read',
    'network:sessions:read',
    'tenant:read',
  ],
  TECHNICIAN: ['customers:read', 'network:read', 'network:sessions:read'],
  AUDITOR: [
    'customers:read',
    'catalogue:read',
    'billing:read',
    'network:read',
    'network:sessions:read',
    'tenant:read',
    'audit:read',
  ],
  SUBSCRIBER: [],
  PARTNER: ['partner:read', 'partner:write'],
};

/** The union of the scopes of these roles, in the order of `scopes`. */
export function scopesOf(held: readonly Role[]): Scope[] {
  const granted = new Set(held.flatMap((role) => scopesByRole[role]));
  return scopes.filter((scope) => granted.has(scope));
}

export function isScope(text: string): text is Scope {
  return (scopes as readonly string[]).includes(text);
}

export function isRole(text: string): text is Role {
  return (roles as readonly string[]).includes(text);
}
