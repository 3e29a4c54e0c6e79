import { builder } from '../builder.ts';
import { tenantStates } from './rules.ts';
import type { Tenant } from './store.ts';

export const TenantRef = builder.objectRef<Tenant>('Tenant');
export const TenantStateEnum = builder.enumType('TenantState', { values: tenantStates });
