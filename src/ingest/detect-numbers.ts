import { BEFORE } from './detect-concealed.js';
import type { Concealer } from './detect-concealed.js';

/** A single blank, dash or dot, or an encoded blank. */
const SEPARATOR = '[\\s.+-]|%20';
/**
 * 13 to 19 digits in one piece, or in the groups that cards print. Not inside a longer number, a decimal fraction, a hash or a UUID
 * (whose groups are hex), and not our own hash.
 */
const CARD = new RegExp(
  `${BEFORE}(?<!\\d\\.|%|%[0-9A-Fa-f]|hmac:|[0-9A-Fa-f]{4}-)(?:`
  + `\\d{4}(${SEPARATOR})(?:\\d{4}\\1\\d{4}\\1\\d{4}(?:\\1?\\d{1,3})?|\\d{6}\\1\\d{4,5})`
  + '|\\d{13,19})(?![0-9A-Za-z]|-[0-9A-Fa-f]{4}|\\.\\d)', 'g');

/**
 * Beginnings that networks issue (ISO/IEC 7812 ranges as the networks publish them) with the lengths they use. Without them one random
 * number in ten passes Luhn's test; with them about one 16-digit id in fifty. 19-digit numbers that begin with 4 are left out: nobody
 * issues them, and 64-bit ids look like that.
 */
const NETWORKS: readonly (readonly [beginning: RegExp, lengths: readonly number[]])[] = [
  [/^4/, [13, 16]],
  [/^(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, [16]],
  [/^3[47]/, [15]],
  [/^(?:6011|64[4-9]|65)/, [16, 19]],
  [/^62/, [16, 17, 18, 19]],
  [/^(?:30[0-5]|36|38|39)/, [14]],
  [/^35(?:2[89]|[3-8])/, [16]],
  [/^(?:5018|5020|5038|5893|6304|6759|676[1-3])/, [13, 14, 15, 16, 17, 18, 19]],
  [/^220[0-4]/, [16]],
];

/** Payment card numbers by network, length and Luhn's test (ISO/IEC 7812-1, annex B): `****1111`; PCI DSS allows the last four to be shown. */
export function redactCardNumbers(text: string, concealer: Concealer): string {
  return text.replace(CARD, (match) => {
    const digits = match.replaceAll('%20', '').replace(/\D/g, '');
    return isCardNumber(digits) ? concealer.conceal(digits, `****${digits.slice(-4)}`) : match;
  });
}

export function isCardNumber(digits: string): boolean {
  return NETWORKS.some(([beginning, lengths]) => lengths.includes(digits.length) && beginning.test(digits)) && passesLuhn(digits);
}

export function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let place = 0; place < digits.length; place += 1) {
    const digit = digits.charCodeAt(digits.length - 1 - place) - 48;
    sum += place % 2 === 0 ? digit : digit > 4 ? digit * 2 - 9 : digit * 2;
  }
  return sum % 10 === 0;
}

/** Lengths of the SWIFT registry. */
const IBAN_LENGTHS: Readonly<Record<string, number>> = {
  AD: 24, AE: 23, AL: 28, AT: 20, AZ: 28, BA: 20, BE: 16, BG: 22, BH: 22, BI: 27, BR: 29, BY: 28, CH: 21, CR: 22, CY: 28, CZ: 24, DE: 22, DJ: 27,
  DK: 18, DO: 28, EE: 20, EG: 29, ES: 24, FI: 18, FK: 18, FO: 18, FR: 27, GB: 22, GE: 22, GI: 23, GL: 18, GR: 27, GT: 28, HR: 21, HU: 28, IE: 22,
  IL: 23, IQ: 23, IS: 26, IT: 27, JO: 30, KW: 30, KZ: 20, LB: 28, LC: 32, LI: 21, LT: 20, LU: 20, LV: 21, LY: 25, MC: 27, MD: 24, ME: 22, MK: 19,
  MN: 20, MR: 27, MT: 31, MU: 30, NI: 28, NL: 18, NO: 15, OM: 23, PK: 24, PL: 28, PS: 29, PT: 25, QA: 29, RO: 24, RS: 22, RU: 33, SA: 24, SC: 31,
  SD: 18, SE: 24, SI: 19, SK: 24, SM: 27, SO: 23, ST: 25, SV: 28, TL: 23, TN: 24, TR: 26, UA: 29, VA: 22, VG: 24, XK: 20, YE: 30,
};
const IBAN = new RegExp(`${BEFORE}[A-Z]{2}\\d{2}(?:[A-Z0-9]{11,30}|(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,3})?)(?![A-Za-z0-9])`, 'g');

/** Bank account numbers by country, length and check digits (ISO 13616): `DE****`. */
export function redactIbans(text: string, concealer: Concealer): string {
  return text.replace(IBAN, (match) => {
    const account = match.replaceAll(' ', '');
    return isIban(account) ? concealer.conceal(account, `${account.slice(0, 2)}****`) : match;
  });
}

function isIban(account: string): boolean {
  const country = account.slice(0, 2);
  if (!Object.hasOwn(IBAN_LENGTHS, country) || IBAN_LENGTHS[country] !== account.length) return false;
  let remainder = 0;
  for (const character of account.slice(4) + account.slice(0, 4)) {
    const value = Number.parseInt(character, 36);
    remainder = (remainder * (value > 9 ? 100 : 10) + value) % 97;
  }
  return remainder === 1;
}

const SOCIAL_SECURITY = /(?<![\w.-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-]|\.\d)/g;

/** United States social security numbers as they are written, with dashes: `****`. They have no check digit, so other numbers look the same. */
export function redactSocialSecurityNumbers(text: string, concealer: Concealer): string {
  return text.replace(SOCIAL_SECURITY, (match) => concealer.conceal(match));
}
