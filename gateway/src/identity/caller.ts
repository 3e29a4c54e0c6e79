import type { Principal } from '@dotmac/schema';

/** Who asks, in which tenant, and for how long that holds. */
export interface Caller {
  /** As the subgraphs will see it. `tenantId` is the tenant the request goes to. */
  readonly principal: Principal;
  /** When the credential or the membership behind it ends, milliseconds since the epoch; null for never. */
  readonly expiresAt: number | null;
  /**
   * What the caller may see, as text: two callers with equal authority get equal answers, except from fields that
   * depend on the viewer himself.
   */
  readonly authority: string;
  /** Whether he may run registered documents only. */
  readonly trustedDocumentsOnly: boolean;
}

export function callerOf(
  principal: Principal,
  expiresAt: number | null,
  trustedDocumentsOnly = false,
): Caller {
  const { kind, tenantId, partnerId, customerId, roles, scopes, bundles } = principal;
  return {
    principal,
    expiresAt,
    trustedDocumentsOnly,
    authority: JSON.stringify([
      kind,
      tenantId,
      partnerId,
      customerId,
      [...roles].sort(),
      scopes,
      [...bundles].sort(),
    ]),
  };
}
