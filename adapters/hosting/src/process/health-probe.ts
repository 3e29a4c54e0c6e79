import { request } from 'node:http';

/** Asks a path over a unix socket; true for an answer of 2xx within the time, false for anything else. */
export function probe(
  socketPath: string,
  path: string,
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request({ socketPath, path, agent: false, timeout: timeoutMs, signal }, (response) => {
      const { statusCode = 0 } = response;
      response.resume();
      resolve(statusCode >= 200 && statusCode < 300);
    });
    asked.once('timeout', () => asked.destroy());
    // Refused, absent, cut, late: all mean that it does not serve, which is the answer.
    asked.once('error', () => resolve(false));
    asked.end();
  });
}
