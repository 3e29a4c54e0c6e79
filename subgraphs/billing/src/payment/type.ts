import { builder } from '../builder.ts';
import type { ShieldRow } from '../dunning/store-shield.ts';
import type { PaymentReturn } from '../return/store.ts';
import type { StoredCashRounding } from './cash.ts';
import type { Allocation, Payment } from './store.ts';

export const PaymentRef = builder.objectRef<Payment>('Payment');
export const PaymentReturnRef = builder.objectRef<PaymentReturn>('PaymentReturn');
export const AllocationRef = builder.objectRef<Allocation>('PaymentAllocation');
export const CashRoundingRef = builder.objectRef<StoredCashRounding>('CashRounding');
export const ShieldRef = builder.objectRef<ShieldRow>('DunningShield');
