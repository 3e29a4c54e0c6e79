import type { DocumentNode, ValidationRule } from 'graphql';
import { GatewayError } from '../errors.ts';
import type { Limits } from '../limits.ts';
import { measure, type OperationSize } from './measure.ts';

const names: Readonly<Record<keyof OperationSize, string>> = {
  depth: 'levels deep',
  aliases: 'aliases',
  directives: 'directives',
  rootFields: 'root fields',
  selections: 'fields',
};

/** Why a document is too large to be run, or null when it is not. */
export function excess(document: DocumentNode, limits: Limits): GatewayError | null {
  const size = measure(document);
  for (const key of Object.keys(names) as (keyof OperationSize)[]) {
    if (size[key] <= limits[key]) continue;
    return new GatewayError(
      'OPERATION_LIMIT_EXCEEDED',
      `The operation has ${size[key]} ${names[key]}; ${limits[key]} are allowed`,
      { limit: key, allowed: limits[key] },
    );
  }
  return null;
}

/**
 * The limits as a validation rule that stops validation at once: the rules of the specification compare fields with
 * each other, and would do so for the very documents that are meant to be kept out.
 * The rule throws a GatewayError.
 */
export function limitRule(limits: Limits): ValidationRule {
  return () => ({
    Document(document) {
      const error = excess(document, limits);
      if (error !== null) throw error;
    },
  });
}
