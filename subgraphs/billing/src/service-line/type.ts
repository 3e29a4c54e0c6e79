import { builder } from '../builder.ts';
import type { Discount } from '../discount/store.ts';

export const DiscountRef = builder.objectRef<Discount>('Discount');
