/** The attributes of a reply as the device printed them. No inherited names, whatever the device sends. */
export interface Row {
  readonly [attribute: string]: string | undefined;
}

/** One reply sentence. `fatal` has no tag: it concerns the connection. */
export type Reply =
  | {
      readonly kind: 're' | 'done' | 'trap' | 'empty' | 'unknown';
      readonly tag: string | null;
      readonly row: Row;
    }
  | { readonly kind: 'fatal'; readonly reason: string };

/** Instances have the shape of a class, which is fast, and inherit nothing, which is safe with foreign names. */
class BareRow {
  [attribute: string]: string;
}
Object.setPrototypeOf(BareRow.prototype, null);
Reflect.deleteProperty(BareRow.prototype, 'constructor');

const kinds: Record<string, 're' | 'done' | 'trap' | 'empty'> = {
  '!re': 're',
  '!done': 'done',
  '!trap': 'trap',
  '!empty': 'empty',
};

/** Reads a reply sentence. The tag may stand anywhere; values may be empty and may contain `=`. */
export function parseReply(words: readonly string[]): Reply {
  const first = words[0] as string;
  if (first === '!fatal') {
    const reason = words.slice(1).map((word) => word.replace(/^=message=/, ''));
    return { kind: 'fatal', reason: reason.join(' ') };
  }
  let tag: string | null = null;
  const row = new BareRow();
  for (let index = 1; index < words.length; index += 1) {
    const word = words[index] as string;
    if (word.charCodeAt(0) === 0x3d) {
      const separator = word.indexOf('=', 1);
      if (separator > 0) row[word.slice(1, separator)] = word.slice(separator + 1);
    } else if (word.startsWith('.tag=')) tag = word.slice(5);
  }
  return { kind: kinds[first] ?? 'unknown', tag, row };
}
