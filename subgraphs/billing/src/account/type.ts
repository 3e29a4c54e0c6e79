import { builder } from '../builder.ts';
import type { Deposit } from '../deposit/store.ts';
import type { Fee } from '../fee/store.ts';
import type { Account } from './store.ts';

/** Owned by `subscribers`; billing adds what it knows of him. */
export const CustomerRef = builder.externalRef('Customer', builder.selection<{ id: string }>('id'));
export const AccountRef = builder.objectRef<Account>('BillingAccount');
export const FeeRef = builder.objectRef<Fee>('Fee');
export const DepositRef = builder.objectRef<Deposit>('Deposit');
