import type { SensorSource } from '../profile/schema.ts';
import { asNumber, asText } from '../reading.ts';
import type { WalkObject } from '../walk/parse.ts';
import type { Guess } from './guessed.ts';
import { divisorFor, measured, ofName, ofUnit } from './quantity.ts';

/** Scalars whose text says what it is: a number with its unit, or the name of the number that comes next. */
export function guessScalars(scalars: readonly WalkObject[]): Guess<SensorSource>[] {
  return scalars.flatMap(({ oid, value }, i) => {
    const text = value.type === 'octets' ? asText(value) : null;
    const found = text === null ? null : measured(text);
    const kind = found === null ? null : ofUnit(found.unit);
    if (kind === null) return text === null ? [] : namedNext(oid, text, scalars[i + 1]);
    return [
      { source: { ...kind, oid, name: `${kind.class} ${oid}`, text: true }, why: `its text is "${text}"` },
    ];
  });
}

/** A text such as "Rack 4 temperature", and a number in the very next object. */
function namedNext(oid: string, text: string, next: WalkObject | undefined): Guess<SensorSource>[] {
  const quantity = ofName(text);
  const value = next === undefined ? null : asNumber(next.value);
  if (quantity === null || next === undefined || value === null || !isNext(oid, next.oid)) return [];
  const found = divisorFor(quantity, [{ name: text, value }]);
  if (found === null) return [];
  const { divisor, why } = found;
  const scale = divisor === 1 ? {} : { divisor };
  const source = {
    class: quantity.class,
    oid: next.oid,
    name: text,
    nameOid: oid,
    text: true as const,
    ...scale,
  };
  return [{ source, why: `${oid} before it says "${text}"; ${why}` }];
}

/** Whether a scalar is the neighbour of another. */
function isNext(oid: string, next: string): boolean {
  const [a, b] = [oid.split('.'), next.split('.')];
  return (
    a.length === b.length &&
    a.slice(0, -2).join('.') === b.slice(0, -2).join('.') &&
    Number(b.at(-2)) === Number(a.at(-2)) + 1
  );
}
