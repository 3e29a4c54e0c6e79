import { buildSchema, specifiedRules } from 'graphql';
import { describe, expect, test } from 'vitest';
import { createDocumentCache } from './document-cache.ts';

const schema = buildSchema('type Query { a: Int b: Int c: Int }');

function cache(maximumSize?: number) {
  const size = maximumSize === undefined ? {} : { maximumSize };
  return createDocumentCache({ schema, rules: specifiedRules, maximumTokens: 20, ...size });
}

describe('document cache', () => {
  test('gives the same object for the same text', () => {
    const documents = cache();
    expect(documents.check('{ a }')).toHaveProperty('document');
    expect(documents.check('{ a }')).toBe(documents.check('{ a }'));
  });

  test('says why a text cannot be executed, and does not keep it', () => {
    const documents = cache();
    const codes = (text: string) => {
      const checked = documents.check(text);
      return 'errors' in checked ? checked.errors.map(({ extensions }) => extensions.code) : [];
    };
    expect(codes('{ a')).toEqual(['GRAPHQL_PARSE_FAILED']);
    expect(codes('{ x y }')).toEqual(['GRAPHQL_VALIDATION_FAILED', 'GRAPHQL_VALIDATION_FAILED']);
    expect(codes(`{ ${'a '.repeat(30)} }`)).toEqual(['GRAPHQL_PARSE_FAILED']);
    expect(documents.size).toBe(0);
  });

  test('drops what was not used for longest, never more than its size', () => {
    const documents = cache(10);
    const a = documents.check('{ a }');
    documents.check('{ b }');
    expect(documents.check('{ a }')).toBe(a);
    documents.check('{ c }');
    expect(documents.size).toBe(10);
    expect(documents.check('{ a }')).toBe(a);
    documents.check('{ a b c a b c }');
    expect(documents.size).toBe(10);
  });
});
