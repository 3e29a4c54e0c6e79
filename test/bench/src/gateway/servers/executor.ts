import { createExecutor } from '@dotmac/gateway/execution/create-executor';
import { createDocumentCache } from '@dotmac/gateway/execution/document-cache';
import { createHttpClient } from '@dotmac/gateway/execution/http-client';
import { specifiedRules } from 'graphql';
import { serveParent, serverArgument } from './child.ts';
import { listen, readBody } from './http.ts';

/** Our executor behind a bare HTTP server: what is left without identity, limits and routing. */
if (import.meta.main) {
  const { supergraphSdl, urls } = serverArgument<{ supergraphSdl: string; urls: Record<string, string> }>();
  const targets = new Map(
    Object.entries(urls).map(([name, url]) => [
      name,
      { origin: new URL(url).origin, path: new URL(url).pathname },
    ]),
  );
  const client = createHttpClient({ resolve: (subgraph) => targets.get(subgraph), now: Date.now });
  const executor = await createExecutor('own', { supergraphSdl, client });
  const documents = createDocumentCache({
    schema: executor.schema,
    rules: specifiedRules,
    maximumTokens: 1500,
  });
  const url = await listen(async (request, response) => {
    const { query, variables, operationName } = JSON.parse(await readBody(request));
    const checked = documents.check(query);
    const context = { tenant: 'bench', principal: null };
    const answer =
      'errors' in checked
        ? checked
        : await executor.execute({ document: checked.document, variables, operationName, context });
    const body = JSON.stringify(answer);
    response.writeHead(200, {
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(body),
    });
    response.end(body);
  });
  serveParent({ urls: { gateway: url } });
}
