import type { BillingServices } from '../builder.ts';
import { MalformedQuote } from './rules-quote.ts';
import { httpTaxService, TaxServiceError } from './service-http.ts';
import { openToken, placesToAsk, saveQuotes, taxService } from './store-quote.ts';

type QuoteServices = Pick<BillingServices, 'database' | 'secrets' | 'logger'>;

/** In one request. */
const placesAtOnce = 200;

/**
 * Asks the rate service for places, and keeps what it says.
 * @throws TaxServiceError, MalformedQuote: what was kept before stays until it expires.
 */
async function askForQuotes(services: QuoteServices, places: readonly string[]): Promise<void> {
  const known = places.length === 0 ? null : await taxService(services.database);
  if (known === null) return;
  const service = httpTaxService({ url: known.url, token: openToken(services.secrets, known) });
  for (let at = 0; at < places.length; at += placesAtOnce) {
    const quotes = await service.quotes(places.slice(at, at + placesAtOnce));
    await saveQuotes(services.database, quotes, known.maximumAgeHours);
  }
}

/**
 * Before a run: asks for what the accounts that are due need. When the service fails, what it said before holds until it
 * expires; whoever has no rates then is not billed, but is a problem for a person to look at, and tried again next day.
 */
export async function refreshQuotes(services: QuoteServices, runDate: string): Promise<void> {
  try {
    await askForQuotes(services, await placesToAsk(services.database, runDate));
  } catch (error) {
    if (!(error instanceof TaxServiceError) && !(error instanceof MalformedQuote)) throw error;
    services.logger.warn({ error }, 'the rate service gave no rates; invoices without them are held');
  }
}
