/**
 * Whether a text is what must never reach us: the number of a card (ISO/IEC 7812, Luhn) or of a bank account (ISO
 * 13616, mod 97). Providers' tokens are neither.
 */
export function isAccountNumber(text: string): boolean {
  const compact = text.replace(/[\s.-]/g, '').toUpperCase();
  if (/^\d{12,19}$/.test(compact)) return luhn(compact);
  return /^[A-Z]{2}\d{2}[0-9A-Z]{11,30}$/.test(compact) && mod97(compact) === 1;
}

function luhn(digits: string): boolean {
  let sum = 0;
  for (let index = 0; index < digits.length; index++) {
    const digit = Number(digits.at(-1 - index));
    const doubled = index % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

function mod97(iban: string): number {
  let rest = 0;
  for (const character of iban.slice(4) + iban.slice(0, 4)) {
    const value = Number.parseInt(character, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest;
}
