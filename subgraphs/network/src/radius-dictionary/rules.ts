import type { DictionaryAddition } from '@dotmac/radius';
import { ConflictError, ValidationError } from '@dotmac/schema';
import type { RadiusPort } from '../aaa/port.ts';

/** Of one: what fits into a request with its line ends escaped. */
const mostOctets = 192 * 1024;
const mostDictionaries = 32;
/** Of all: they are read in the process that answers logins. */
const mostOctetsTogether = 512 * 1024;

export interface NamedText {
  readonly name: string;
  readonly text: string;
}

/** @throws ValidationError saying what would be right. */
export function checkName(name: string): string {
  const plain = name.trim().toLowerCase();
  if (!/^[a-z0-9][a-z0-9._-]{0,63}$/.test(plain))
    throw new ValidationError(
      'input.name',
      `"${name}" is no name of a dictionary; right would be acme or dictionary.acme`,
    );
  return plain;
}

/**
 * What a dictionary adds to ours and to those of the tenant before it; one of the same name gives it its place.
 * @param known all of the tenant's, in their order.
 * @throws ValidationError naming the line that cannot stand, ConflictError when one behind it could not stand any more.
 */
export function additionOf(
  radius: RadiusPort,
  known: readonly NamedText[],
  { name, text }: NamedText,
): DictionaryAddition {
  if (Buffer.byteLength(text) > mostOctets)
    throw new ValidationError('input.text', `A dictionary has at most ${mostOctets} octets`);
  const at = known.findIndex((one) => one.name === name);
  if (at < 0 && known.length >= mostDictionaries)
    throw new ConflictError(
      'TOO_MANY_DICTIONARIES',
      `There are at most ${mostDictionaries} dictionaries; remove one, or put two into one`,
    );
  const wanted = at < 0 ? [...known, { name, text }] : known.with(at, { name, text });
  if (wanted.reduce((sum, one) => sum + Buffer.byteLength(one.text), 0) > mostOctetsTogether)
    throw new ConflictError(
      'TOO_MANY_DICTIONARIES',
      `All dictionaries together have at most ${mostOctetsTogether} octets; remove what you do not need`,
    );
  const addition = checked(radius, wanted, name).find(({ file }) => file === name);
  if (addition === undefined || (addition.attributes.length === 0 && addition.values === 0))
    throw new ValidationError('input.text', 'It adds no attribute and no value to what is known');
  return addition;
}

/** @throws ConflictError when another of them needs it. */
export function checkRemoval(radius: RadiusPort, known: readonly NamedText[], name: string): void {
  checked(
    radius,
    known.filter((one) => one.name !== name),
    name,
  );
}

function checked(radius: RadiusPort, wanted: readonly NamedText[], name: string) {
  const sources = wanted.map((one) => ({ file: one.name, text: one.text }));
  try {
    return radius.extendDictionary(radius.standardDictionary(), sources).additions;
  } catch (error) {
    if (!(error instanceof radius.DictionaryError)) throw error;
    const { file, line, reason } = error;
    if (file === name) throw new ValidationError('input.text', `Line ${line}: ${reason}`);
    throw new ConflictError(
      'DICTIONARY_NEEDED',
      `The dictionary "${file}" could not be used any more, for its line ${line}: ${reason}`,
    );
  }
}
