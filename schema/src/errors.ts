/**
 * Expected failures, shown in the graph as members of a mutation's result union and elsewhere as errors with
 * `extensions.code`. Anything else that is thrown is a surprise: it is logged, masked and given a reference.
 */
export class DomainError extends Error {
  readonly code: string;
  readonly extensions: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, extensions: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.code = code;
    // graphql-js copies `extensions` of the original error into the answer.
    this.extensions = { ...extensions, code };
  }
}

/** Input that can never be right. `field` is the path in the input, such as `input.email`. */
export class ValidationError extends DomainError {
  override readonly name = 'ValidationError';
  readonly field: string;
  constructor(field: string, message: string) {
    super('VALIDATION', message, { field });
    this.field = field;
  }
}

/** The thing named does not exist, or not for this principal. */
export class NotFoundError extends DomainError {
  override readonly name = 'NotFoundError';
  readonly type: string;
  readonly missingId: string;
  constructor(type: string, missingId: string) {
    super('NOT_FOUND', `There is no ${type} with id ${missingId}`, { type, missingId });
    this.type = type;
    this.missingId = missingId;
  }
}

/** The world does not allow it now: a duplicate, or a state that excludes it. `reason` is a stable code. */
export class ConflictError extends DomainError {
  override readonly name = 'ConflictError';
  readonly reason: string;
  /** Of a duplicate: the path in the input, such as `input.name`. */
  readonly field: string | null;
  /** Of a duplicate: what has it already. */
  readonly holderId: string | null;
  constructor(
    reason: string,
    message: string,
    taken: { readonly field: string; readonly holderId: string | null } | null = null,
  ) {
    super('CONFLICT', message, taken === null ? { reason } : { reason, ...taken });
    this.reason = reason;
    this.field = taken?.field ?? null;
    this.holderId = taken?.holderId ?? null;
  }
}

/** The principal lacks a scope. */
export class ForbiddenError extends DomainError {
  override readonly name = 'ForbiddenError';
  readonly missingScope: string;
  constructor(missingScope: string, message = `This needs the scope ${missingScope}`) {
    super('FORBIDDEN', message, { missingScope });
    this.missingScope = missingScope;
  }
}

/** APPLY came with a fingerprint that no longer holds: plan again. */
export class StalePlanError extends DomainError {
  override readonly name = 'StalePlanError';
  constructor(message = 'The plan no longer fits: something changed since it was made. Plan again.') {
    super('STALE_PLAN', message);
  }
}

/** The tenant's entitlements lack a bundle. */
export class BundleRequiredError extends DomainError {
  override readonly name = 'BundleRequiredError';
  readonly bundle: string;
  constructor(bundle: string) {
    super('BUNDLE_REQUIRED', `This needs the bundle ${bundle}`, { bundle });
    this.bundle = bundle;
  }
}
