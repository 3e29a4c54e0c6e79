import { describe, expect, test } from 'vitest';
import { BodyError, parseBody } from './body.ts';

describe('bodies of requests', () => {
  test('are JSON', () => {
    expect(parseBody('{"query":"{ a(constructor: 1) }","variables":{"constructor":"x"}}')).toEqual({
      query: '{ a(constructor: 1) }',
      variables: { constructor: 'x' },
    });
    expect(() => parseBody('')).toThrow(BodyError);
    expect(() => parseBody('{"query":')).toThrow('no JSON');
  });

  test.each([
    '{"variables":{"__proto__":{"a":1}}}',
    '{"variables":{"\\u005f_proto__":{"a":1}}}',
    '{"variables":{"\\u005F\\u005fproto\\u005f_":{"a":1}}}',
    '{"variables":{"constructor":{"prototype":{"a":1}}}}',
    '{"variables":{"c\\u006fnstructor":{"prototype":{"a":1}}}}',
    '{"variables":{"constructo\\u0072":{"prototype":{"a":1}}}}',
  ])('name no prototype: %s', (text) => {
    expect(() => parseBody(text)).toThrow('prototype');
  });
});
