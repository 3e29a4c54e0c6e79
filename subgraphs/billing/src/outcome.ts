import { ConflictError, NotFoundError, StalePlanError, ValidationError } from '@dotmac/schema';

/** Expected failures of mutations with PLAN and APPLY: two answers are no failure, which the errors plugin cannot say. */
export const planFailures = [ValidationError, NotFoundError, StalePlanError] as const;
export type PlanFailure = ValidationError | NotFoundError | StalePlanError;

/** Runs a mutation whose result is a union written out; expected failures become its members. */
export async function orFailure<T>(run: () => Promise<T>): Promise<T | PlanFailure> {
  try {
    return await run();
  } catch (error) {
    const expected =
      error instanceof ValidationError ||
      error instanceof NotFoundError ||
      error instanceof ConflictError ||
      error instanceof StalePlanError;
    if (!expected) throw error;
    // The executor would throw a returned instance of `Error` again: its fields go out without it.
    return { ...error, name: error.name, message: error.message } as PlanFailure;
  }
}
