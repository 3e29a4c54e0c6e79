import { createHash } from 'node:crypto';
import type { WorkloadSpec } from './port.ts';

/** SHA-256 (hex) of the canonical spec: keys sorted, so that the order of writing does not matter. */
export function specHash(spec: WorkloadSpec): string {
  return createHash('sha256').update(canonical(spec)).digest('hex');
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`);
  return `{${members.join(',')}}`;
}
