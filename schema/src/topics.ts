/** How a subscription field treats a client who reads slower than events come. */
export type Topic =
  /** Every event matters: whoever falls too far behind is told `SLOW_CONSUMER` and goes on after his last cursor. */
  | { readonly kind: 'LOG' }
  /** The newest matters: of what waits, an event takes the place of an older one with the same value in the field `key`. */
  | { readonly kind: 'STATE'; readonly key: string };

/** Every subscription field of the graph. */
export const topics: Readonly<Record<string, Topic>> = {
  billingEvents: { kind: 'LOG' },
  commissionEvents: { kind: 'LOG' },
  interfaceRates: { kind: 'STATE', key: 'id' },
  networkEvents: { kind: 'LOG' },
  networkStates: { kind: 'STATE', key: 'id' },
  packetTraceEntries: { kind: 'LOG' },
  provisioningEvents: { kind: 'LOG' },
};
