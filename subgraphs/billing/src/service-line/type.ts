import { builder } from '../builder.ts';
import type { Discount } from '../discount/store.ts';

export const DiscountRef = builder.objectRef<Discount>('Discount');

/** Owned by `subscribers`; billing adds what it costs and what it used. */
export const ServiceRef = builder.externalRef('Service', builder.selection<{ id: string }>('id'));
