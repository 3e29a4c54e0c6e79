import { createHash } from 'node:crypto';
import { ValidationError } from '@dotmac/schema';

const mostDocuments = 1_000;
const longestDocument = 256 * 1024;

/** A document of a client's build. */
export interface TrustedDocument {
  /** SHA-256 of the text in hexadecimal: what the client sends instead of the text. */
  readonly id: string;
  readonly text: string;
}

/**
 * Reads a manifest: documents by the SHA-256 of their text, as code generators write it. An id may carry the prefix
 * `sha256:`. Whether a document fits the graph is said when it is run: the graph may change after the client's build.
 * @throws ValidationError that names the document whose id is not its hash.
 */
export function checkManifest(documents: readonly TrustedDocument[]): TrustedDocument[] {
  if (documents.length > mostDocuments) {
    throw new ValidationError('input.documents', `Register at most ${mostDocuments} documents at once`);
  }
  return documents.map(({ id, text }, index) => {
    const field = `input.documents.${index}`;
    if (text.length > longestDocument) {
      throw new ValidationError(`${field}.text`, `A document has at most ${longestDocument} characters`);
    }
    const hash = createHash('sha256').update(text).digest('hex');
    if (id.toLowerCase().replace(/^sha256:/, '') !== hash) {
      throw new ValidationError(`${field}.id`, `The id must be the SHA-256 of the text, ${hash}`);
    }
    return { id: hash, text };
  });
}
