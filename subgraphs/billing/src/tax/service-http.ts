import { type Quote, readQuotes } from './rules-quote.ts';

/** The port: rates of places of supply, by whoever knows them. */
export interface TaxRateService {
  /** Quotes of those of the places that it knows. @throws TaxServiceError, MalformedQuote */
  quotes(jurisdictions: readonly string[]): Promise<Quote[]>;
}

export class TaxServiceError extends Error {
  readonly code: 'TIMEOUT' | 'UNREACHABLE' | 'REFUSED' | 'TOO_LONG' | 'NOT_JSON';
  constructor(code: TaxServiceError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

const longestAnswer = 4_000_000;

/**
 * A rate service over HTTP: POST `{"jurisdictions": […]}`, bearer token, answer as `readQuotes` says. It follows no
 * redirect, so that the token goes nowhere else.
 */
export function httpTaxService(options: {
  readonly url: string;
  readonly token: string | null;
  /** From the request to the last octet of the answer, milliseconds. */
  readonly timeoutMs?: number;
}): TaxRateService {
  const { url, token, timeoutMs = 10_000 } = options;
  return {
    async quotes(jurisdictions) {
      try {
        const response = await fetch(url, {
          method: 'POST',
          redirect: 'error',
          signal: AbortSignal.timeout(timeoutMs),
          headers: {
            'content-type': 'application/json',
            accept: 'application/json',
            ...(token === null ? {} : { authorization: `Bearer ${token}` }),
          },
          body: JSON.stringify({ jurisdictions }),
        });
        if (!response.ok) {
          await response.body?.cancel();
          throw new TaxServiceError('REFUSED', `The rate service answered with status ${response.status}`);
        }
        return readQuotes(parsed(await bounded(response)), jurisdictions);
      } catch (error) {
        throw translated(error, timeoutMs);
      }
    },
  };
}

async function bounded(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    length += part.length;
    if (length > longestAnswer)
      throw new TaxServiceError(
        'TOO_LONG',
        `The rate service answered with more than ${longestAnswer} octets`,
      );
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new TaxServiceError('NOT_JSON', 'The rate service answered with something else than JSON', {
      cause,
    });
  }
}

function translated(error: unknown, timeoutMs: number): unknown {
  if (error instanceof DOMException && error.name === 'TimeoutError')
    return new TaxServiceError('TIMEOUT', `The rate service did not answer within ${timeoutMs} ms`, {
      cause: error,
    });
  if (error instanceof TypeError)
    return new TaxServiceError('UNREACHABLE', 'The rate service cannot be reached', { cause: error });
  return error;
}
