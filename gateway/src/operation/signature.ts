import { createHash } from 'node:crypto';
import { type DocumentNode, Kind, print, visit } from 'graphql';

/** A document as it is recorded. */
export interface Signature {
  /** SHA-256 of the text in hexadecimal. */
  readonly hash: string;
  readonly text: string;
}

/**
 * A document without the values that its client wrote into it: what it asks, and nothing about whom. Enum values, booleans
 * and the names of input fields stay, for a change of the graph may break them.
 */
export function signatureOf(document: DocumentNode): Signature {
  const text = print(
    visit(document, {
      [Kind.STRING]: (node) => ({ ...node, value: '', block: false }),
      [Kind.INT]: (node) => ({ ...node, value: '0' }),
      [Kind.FLOAT]: (node) => ({ ...node, value: '0.0' }),
    }),
  );
  return { hash: createHash('sha256').update(text).digest('hex'), text };
}
