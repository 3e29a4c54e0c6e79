import type { SnmpValue } from '../codec/value.ts';
import type { SnmpSession } from '../engine/session.ts';
import type { TableOptions } from '../engine/table.ts';
import type { SystemGroup } from '../mib/system.ts';
import { asText } from '../reading.ts';
import type { FactObject, FactSource, SystemRule } from './rule.ts';

export interface Facts {
  readonly model: string | null;
  readonly version: string | null;
  readonly serial: string | null;
}

const fields = ['model', 'version', 'serial'] as const;

/** Rows of a column that are looked at for the first with a value. */
const COLUMN_ROWS = 16;

/** Values of objects by OID; a column is there as its cells in order. */
export type FactValues = ReadonlyMap<string, readonly SnmpValue[]>;

/** Reads the objects a rule names: its scalars by one GET, each of its columns shortly. Rejects with `SnmpError`. */
export async function readFacts(
  session: SnmpSession,
  rules: readonly SystemRule[],
  sysObjectId: string | null,
  options: TableOptions,
): Promise<FactValues> {
  const sources = rules.flatMap((rule) =>
    fields.flatMap((field) =>
      (rule[field] ?? []).flatMap((source) => {
        const { suffix, ...own } = located(source, sysObjectId);
        return suffix === undefined ? [own] : [own, suffix];
      }),
    ),
  );
  const scalars = [...new Set(sources.flatMap(({ oid }) => oid ?? []))];
  const columns = new Set(sources.flatMap(({ column }) => column ?? []));
  const values = new Map<string, readonly SnmpValue[]>();
  const got = await session.get(scalars, options);
  scalars.forEach((oid, i) => {
    values.set(oid, [got[i] as SnmpValue]);
  });
  for (const column of columns) {
    const { rows } = await session.table([column], { ...options, maxRows: COLUMN_ROWS });
    values.set(
      column,
      [...rows.values()].flatMap(([cell]) => cell ?? []),
    );
  }
  return values;
}

/** Model, version and serial as the rule finds them in what was read and in sysDescr. */
export function factsOf(rule: SystemRule, values: FactValues, system: SystemGroup): Facts {
  const text = textFacts(rule.text ?? [], system.sysDescr);
  const [model, version, serial] = fields.map(
    (field) =>
      firstFact(
        (rule[field] ?? []).map((source) => located(source, system.sysObjectId)),
        values,
        system,
      ) ??
      text[field] ??
      null,
  );
  return { model: model ?? null, version: version ?? null, serial: serial ?? null };
}

/** The named groups of the patterns that match; of several patterns the first that gives a field. */
export function textFacts(patterns: readonly string[], text: string | null): Partial<Facts> {
  const found: { model?: string; version?: string; serial?: string } = {};
  if (text === null) return found;
  for (const pattern of patterns) {
    const groups = new RegExp(pattern, 'i').exec(text)?.groups ?? {};
    for (const field of fields) {
      const value = clean(groups[field]);
      if (value !== null) found[field] ??= value;
    }
  }
  return found;
}

/** The source with the product's own branch put in; a source below a branch that is not known is none. */
function located(source: FactSource, sysObjectId: string | null): FactObject {
  const { oid, column, ...rest } = typeof source === 'string' ? { oid: source } : source;
  const at = (path: string | undefined) => (path === undefined ? null : inProduct(path, sysObjectId));
  const [scalar, cells] = [at(oid), at(column)];
  return {
    ...rest,
    ...(scalar === null ? {} : { oid: scalar }),
    ...(cells === null ? {} : { column: cells }),
  };
}

const PRODUCT = /^\{(\d+)\}/;

/** An object's OID; `{9}` in front is replaced by the first nine arcs of sysObjectID. Null when it has not so many. */
export function inProduct(oid: string, sysObjectId: string | null): string | null {
  const count = PRODUCT.exec(oid)?.[1];
  if (count === undefined) return oid;
  const arcs = sysObjectId?.split('.') ?? [];
  return arcs.length < Number(count) ? null : oid.replace(PRODUCT, arcs.slice(0, Number(count)).join('.'));
}

function firstFact(sources: readonly FactObject[], values: FactValues, system: SystemGroup): string | null {
  for (const source of sources) {
    for (const raw of textsOf(source, values, system)) {
      const value = interpreted(raw, source);
      if (value === null) continue;
      const { suffix } = source;
      const more = suffix === undefined ? null : firstFact([suffix], values, system);
      return `${source.prefix ?? ''}${value}${more === null ? '' : (suffix?.format ?? '').replace('$', () => more)}`;
    }
  }
  return null;
}

function textsOf(source: FactObject, values: FactValues, system: SystemGroup): string[] {
  if (source.from !== undefined) return [system[source.from] ?? ''];
  return (values.get(source.oid ?? source.column ?? '') ?? []).flatMap((value) => factText(value) ?? []);
}

function factText(value: SnmpValue): string | null {
  switch (value.type) {
    case 'integer':
    case 'gauge32':
    case 'counter32':
      return String(value.value);
    case 'oid':
      return value.value;
    default:
      return asText(value);
  }
}

function interpreted(raw: string, { pattern, template, upper, values }: FactObject): string | null {
  let text = raw;
  if (pattern !== undefined) {
    const match = new RegExp(pattern, 'i').exec(raw);
    if (match === null) return null;
    text = template?.replace(/\$(\d)/g, (_, group: string) => match[Number(group)] ?? '') ?? match[1] ?? '';
  }
  if (upper) text = text.toUpperCase();
  return clean(values === undefined ? text : values[text.trim()]);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const BEFORE = /^[\x00-\x1f]+/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: likewise
const AFTER = /\x00[\s\S]*$/;

/** What agents send where they know nothing. */
const NOTHING =
  /^(?:[-.\s"']*|n\/?a|none|null|unknown|not (?:available|specified|set|applicable)|to be filled.*)$/i;

function clean(text: string | undefined): string | null {
  const value = text
    ?.trim()
    // Agents put the length in front, and what the buffer held before behind a NUL.
    .replace(BEFORE, '')
    .replace(AFTER, '')
    .replace(/^"(.*)"$/s, '$1')
    .trim();
  return value === undefined || NOTHING.test(value) ? null : value;
}
