import type { FetchNode } from '@apollo/query-planner';

/** Two fetches with this key and equal variables get the same answer: the planner numbers only their names. */
export function mergeKey({ serviceName, operation, operationName }: FetchNode): string {
  const text = operationName === undefined ? operation : operation.replace(` ${operationName}`, '');
  return `${serviceName} ${text}`;
}
