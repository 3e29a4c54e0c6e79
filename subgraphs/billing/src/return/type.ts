import { ConflictError, requireFingerprint } from '@dotmac/schema';
import { builder } from '../builder.ts';
import { MoneyInput } from '../catalogue/type.ts';
import { MovementPreview } from '../movement/graphql.ts';
import type { Movement } from '../movement/rules.ts';
import { orFailure, type PlanFailure, planFailures } from '../outcome.ts';
import { ApplyModeEnum } from '../run/graphql.ts';

/** The input of what sends money of a payment back: by PLAN and APPLY, once per reference. `reference` says what that is. */
export const returnInput = (name: string, reference: string) =>
  builder.inputType(name, {
    fields: (t) => ({
      paymentId: t.id({ required: true }),
      amount: t.field({ type: MoneyInput, required: true }),
      reference: t.string({ required: true, description: reference }),
      reason: t.string({ required: true }),
      mode: t.field({ type: ApplyModeEnum, required: true }),
      fingerprint: t.string({ description: 'Of the plan, for APPLY.' }),
      clientMutationId: t.string(),
    }),
  });

/** Its answer: the plan, what was done (told by its `paymentId`), or why not. */
export const returnResult = <T extends { readonly paymentId: string }>(
  name: string,
  done: ReturnType<typeof builder.objectRef<T>>,
  doneName: string,
) =>
  builder.unionType(name, {
    types: [MovementPreview, done, ConflictError, ...planFailures],
    resolveType: (value) => {
      if (value instanceof MovementPreview) return 'MovementPreview';
      return 'paymentId' in value ? doneName : (value as PlanFailure).name;
    },
  });

/** What both inputs say of the money. */
export const returnOrder = (input: {
  readonly paymentId: string;
  readonly amount: { readonly amount: bigint; readonly currency: string };
  readonly reference: string;
  readonly reason: string;
}) => ({
  paymentId: input.paymentId,
  amount: { minor: input.amount.amount, currency: input.amount.currency },
  reference: input.reference,
  reason: input.reason,
});

/** Plans, or applies what was planned. */
export const planOrApplyReturn = <T>(
  {
    mode,
    fingerprint,
  }: { readonly mode: 'PLAN' | 'APPLY'; readonly fingerprint?: string | null | undefined },
  plan: () => Promise<{ readonly movement: Movement; readonly fingerprint: string }>,
  apply: (fingerprint: string) => Promise<T>,
): Promise<T | MovementPreview | PlanFailure> =>
  orFailure(async () => {
    if (mode === 'PLAN') {
      const planned = await plan();
      return new MovementPreview(planned.movement, planned.fingerprint);
    }
    return apply(requireFingerprint(fingerprint));
  });
