/** Codes of PostgreSQL (appendix A of its manual) that speak of the server and not of the statement, by their class. */
const outageClasses = new Set(['08', '53', '57', '58']);
const outageCodes = new Set([
  // object_not_in_prerequisite_state: the database takes no connections.
  '55000',
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'EPIPE',
  'ETIMEDOUT',
]);
/** The driver's own words for a connection that broke or did not come about; these errors have no code. */
const outageMessages =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered)/;

/** Whether a failure says that the database is away, so that the same statement may go through later. */
export function isDatabaseOutage(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  // 57014 is a statement that was cancelled.
  if (code === '57014') return false;
  return (
    outageCodes.has(code) ||
    (code.length === 5 && outageClasses.has(code.slice(0, 2))) ||
    outageMessages.test(error.message)
  );
}
