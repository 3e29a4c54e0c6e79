import { asText } from '../reading.ts';
import type { ProfileValues } from './interpret.ts';
import type { IdentitySource } from './schema.ts';

/** The first source that has a value, or null. */
export function identityValue(
  sources: readonly IdentitySource[],
  values: ProfileValues,
  system: { readonly sysDescr: string | null; readonly sysName: string | null },
): string | null {
  for (const source of sources) {
    for (const text of textsOf(source, values, system)) {
      const value = source.pattern === undefined ? text : new RegExp(source.pattern, 'i').exec(text)?.[1];
      if (value !== undefined && value.trim() !== '') return value.trim();
    }
  }
  return null;
}

function textsOf(
  source: IdentitySource,
  values: ProfileValues,
  system: { readonly sysDescr: string | null; readonly sysName: string | null },
): string[] {
  if (source.from !== undefined) return [system[source.from] ?? ''];
  const cells =
    source.oid !== undefined
      ? [values.scalars.get(source.oid)]
      : [...(values.columns.get(source.column ?? '')?.values() ?? [])];
  return cells.flatMap((cell) => asText(cell) ?? (cell?.type === 'integer' ? String(cell.value) : []));
}
