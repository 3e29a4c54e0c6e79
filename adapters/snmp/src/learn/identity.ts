import type { IdentitySource } from '../profile/schema.ts';
import { asText } from '../reading.ts';
import type { WalkObject } from '../walk/parse.ts';
import type { Guess } from './guessed.ts';
import { measured } from './quantity.ts';

export interface IdentityGuess extends Guess<IdentitySource> {
  readonly field: 'model' | 'version' | 'serial';
}

/** Scalars whose text looks like a version or a serial number, or repeats a word of sysDescr that looks like a model. */
export function guessIdentity(scalars: readonly WalkObject[], sysDescr: string): IdentityGuess[] {
  const guesses: IdentityGuess[] = [];
  const add = (field: IdentityGuess['field'], oid: string, why: string) => {
    if (!guesses.some((it) => it.field === field)) guesses.push({ field, source: { oid }, why });
  };
  for (const { oid, value } of scalars) {
    const text = value.type === 'octets' ? asText(value) : null;
    if (text === null || text.length > 40 || measured(text) !== null) continue;
    const inDescr = sysDescr.includes(text);
    if (/^v?\d+\.\d+(?:\.\w+)*(?:[-_]\w+)*$/i.test(text)) {
      if (inDescr || text.split('.').length > 2) add('version', oid, `"${text}" has the form of a version`);
    } else if (inDescr && /[A-Za-z]/.test(text) && /\d/.test(text) && text.length >= 4) {
      add('model', oid, `"${text}" stands in sysDescr too`);
    } else if (!inDescr && /^(?=(?:.*\d){5})(?=.*[A-Z])[A-Z0-9]{8,24}$/.test(text)) {
      add('serial', oid, `"${text}" has the form of a serial number`);
    }
  }
  return guesses;
}
