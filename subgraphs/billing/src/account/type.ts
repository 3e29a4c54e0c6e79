import { builder } from '../builder.ts';
import type { Account } from './store.ts';

/** Owned by `subscribers`; billing adds what it knows of him. */
export const CustomerRef = builder.externalRef('Customer', builder.selection<{ id: string }>('id'));
export const AccountRef = builder.objectRef<Account>('BillingAccount');
