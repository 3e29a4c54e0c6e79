import { builder } from '../builder.ts';
import type { MethodRow } from './store.ts';

export const PaymentMethodRef = builder.objectRef<MethodRow>('PaymentMethod');
