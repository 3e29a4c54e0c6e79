/** Codes are contracts: the graph shows them as they are. */
export type MoneyErrorCode =
  | 'UNKNOWN_CURRENCY'
  | 'CURRENCY_MISMATCH'
  | 'MALFORMED_DECIMAL'
  | 'TOO_MANY_DECIMALS'
  | 'INVALID_WEIGHTS';

/** A refused amount: `code` is stable, the message says what was wrong and what would be right. */
export class MoneyError extends Error {
  readonly code: MoneyErrorCode;
  constructor(code: MoneyErrorCode, message: string) {
    super(message);
    this.name = 'MoneyError';
    this.code = code;
  }
}
