/** Remainder of ISO 7064 MOD 97-10 over digits and letters (A = 10 … Z = 35). */
function mod97(text: string): number {
  let rest = 0;
  for (const character of text) {
    const value = Number.parseInt(character, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest;
}

/** Structured creditor reference of ISO 11649: `RF` + check digits + up to 21 letters and digits. */
export function creditorReference(reference: string): string {
  const body = reference.toUpperCase();
  if (!/^[0-9A-Z]{1,21}$/.test(body)) {
    throw new RangeError(
      `"${reference}" must be 1 to 21 letters and digits to become an ISO 11649 reference`,
    );
  }
  return `RF${String(98 - mod97(`${body}RF00`)).padStart(2, '0')}${body}`;
}

/** The reference inside a valid ISO 11649 creditor reference (spaces allowed), or undefined. */
export function parseCreditorReference(text: string): string | undefined {
  const compact = text.replaceAll(' ', '').toUpperCase();
  if (!/^RF\d{2}[0-9A-Z]{1,21}$/.test(compact)) return undefined;
  return mod97(`${compact.slice(4)}${compact.slice(0, 4)}`) === 1 ? compact.slice(4) : undefined;
}
