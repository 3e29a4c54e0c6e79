import type { IdentitySource } from '../profile/schema.ts';
import { asText } from '../reading.ts';
import type { WalkObject } from '../walk/parse.ts';
import type { Guess } from './guessed.ts';
import { measured } from './quantity.ts';

export interface IdentityGuess extends Guess<IdentitySource> {
  readonly field: 'model' | 'version' | 'serial';
}

type Field = IdentityGuess['field'];

interface Text {
  readonly oid: string;
  readonly text: string;
  readonly inDescr: boolean;
}

/**
 * Scalars whose text looks like a version or a serial number, or repeats a word of sysDescr that looks like a model;
 * and, with weaker forms, the fields of one group of scalars that has two of them side by side, as the groups have in
 * which makers describe the box.
 */
export function guessIdentity(scalars: readonly WalkObject[], sysDescr: string): IdentityGuess[] {
  const texts = scalars.flatMap(({ oid, value }): Text[] => {
    const text = value.type === 'octets' ? asText(value) : null;
    if (text === null || text.length > 40 || measured(text) !== null) return [];
    return [{ oid, text, inDescr: sysDescr.includes(text) }];
  });
  const guesses: IdentityGuess[] = [];
  const add = (field: Field, oid: string, why: string) => {
    if (!guesses.some((it) => it.field === field || it.source.oid === oid)) {
      guesses.push({ field, source: { oid }, why });
    }
  };
  for (const it of texts) {
    const field = fieldOf(it);
    if (field !== null) add(field, it.oid, clearly(field, it.text));
  }
  for (const group of groupsOf(texts)) {
    const found = group.flatMap((it) => {
      const field = fieldOf(it) ?? weakFieldOf(it);
      return field === null ? [] : [{ ...it, field }];
    });
    if (new Set(found.map(({ field }) => field)).size < 2) continue;
    for (const { field, oid, text } of found) {
      add(field, oid, `"${text}" may be one, and stands beside what may be others`);
    }
  }
  return guesses;
}

/** What a text is by its form alone. */
function fieldOf({ text, inDescr }: Text): Field | null {
  if (/^v?\d+\.\d+(?:\.\w+)*(?:[-_]\w+)*$/i.test(text)) {
    return inDescr || text.split('.').length > 2 ? 'version' : null;
  }
  if (inDescr) return isName(text) ? 'model' : null;
  return /^(?=(?:.*\d){5})(?=.*[A-Z])[A-Z0-9]{8,24}$/.test(text) ? 'serial' : null;
}

function clearly(field: Field, text: string): string {
  if (field === 'model') return `"${text}" stands in sysDescr too`;
  return field === 'version'
    ? `"${text}" has the form of a version`
    : `"${text}" has the form of a serial number`;
}

/** What a text may be among others that describe the box. */
function weakFieldOf({ text }: Text): Field | null {
  if (NEITHER.test(text)) return null;
  if (
    /^(?:v|ver\.?|version|fw|sw|rev\.?|r)?[ .:]?\d+\.\d+[\w.()-]*(?: ?(?:build|rev|rel\w*|\().*)?$/i.test(
      text,
    )
  ) {
    return 'version';
  }
  if (/^(?=(?:.*\d){5})[A-Z0-9]{6,24}$/.test(text)) return 'serial';
  return /^(?=.*\d)[A-Z][\w+/.-]{2,}(?: [\w+/.-]+){0,3}$/.test(text) && isName(text) ? 'model' : null;
}

const isName = (text: string) => /[A-Za-z]/.test(text) && /\d/.test(text) && text.length >= 4;

/** Addresses of hardware and of networks, dates, times and durations. */
const NEITHER =
  /^(?:[0-9a-f]{2}[:.-]){5}[0-9a-f]{2}$|^(?:\d{1,3}\.){3}\d{1,3}(?:\/\d+)?$|\b(?:19|20)\d\d\b.*\d|\d:\d\d|\b(?:day|hour|min|sec)s?\b|^0+$/i;

/** Texts of the same group of objects: all but the last arc and the instance are equal. */
function groupsOf(texts: readonly Text[]): Text[][] {
  const groups = new Map<string, Text[]>();
  for (const it of texts) {
    const parent = it.oid.split('.').slice(0, -2).join('.');
    groups.set(parent, [...(groups.get(parent) ?? []), it]);
  }
  return [...groups.values()];
}
