import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

const compress = promisify(gzip);
let page: Promise<Buffer> | undefined;

export const graphiqlHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'content-encoding': 'gzip',
  'cache-control': 'public, max-age=3600',
  'content-security-policy':
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; worker-src blob:; " +
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' ws: wss:; " +
    "frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
};

/** The page, compressed: nine megabytes of scripts of its own, none from elsewhere. Made on the first request. */
export function graphiqlPage(): Promise<Buffer> {
  page ??= render();
  return page;
}

async function render(): Promise<Buffer> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const html = renderGraphiQL({
    title: 'DotMac',
    endpoint: '/graphql',
    subscriptionsProtocol: 'SSE',
    headers: JSON.stringify({ authorization: 'Bearer …' }),
    shouldPersistHeaders: false,
    defaultQuery: '# Paste a token into Headers, then ask.\n{ __typename }\n',
  } as Parameters<typeof renderGraphiQL>[0]);
  return compress(html);
}
