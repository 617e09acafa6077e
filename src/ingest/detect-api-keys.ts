import { BEFORE, MASK } from './detect-concealed.js';
import type { Concealer } from './detect-concealed.js';

/**
 * Formats that their issuers document or that secret scanners agree on (GitHub secret scanning's partner patterns, gitleaks). Each is
 * the part that a mask may show and the part that is secret; every repeat is bounded or of one class, so that search stays linear.
 */
const FORMATS: readonly (readonly [shown: string, secret: string])[] = [
  ['(?:AKIA|ASIA|ABIA|ACCA)', '[A-Z0-9]{16}(?![A-Z0-9])'],
  ['gh[pousr]_', '[A-Za-z0-9]{20,255}'],
  ['github_pat_', '[A-Za-z0-9_]{20,255}'],
  ['gl(?:pat|dt|rt|cbt|ptt|ft|soat|agent|imt|oas|ffct)-', '[\\w.-]{20,255}'],
  ['xox[a-z](?:-\\d)?-', '[A-Za-z0-9-]{10,255}'],
  ['xapp-\\d-', '[A-Za-z0-9-]{10,255}'],
  ['hooks\\.slack\\.com/(?:services|workflows|triggers)/', '[\\w/-]{20,255}'],
  ['AIza', '[\\w-]{35}'],
  ['ya29\\.', '[\\w-]{20,2048}'],
  ['GOCSPX-', '[\\w-]{20,64}'],
  ['(?:sk|rk)_(?:live|test)_', '[A-Za-z0-9]{10,255}'],
  ['whsec_', '[A-Za-z0-9+/=]{20,255}'],
  ['SG\\.', '[\\w-]{16,64}\\.[\\w-]{16,64}'],
  ['npm_', '[A-Za-z0-9]{36}'],
  ['pypi-', '[\\w-]{50,512}'],
  ['SK', '[0-9a-f]{32}(?![0-9A-Za-z])'],
  ['shp(?:at|ca|pa|ss)_', '[0-9A-Fa-f]{32}'],
  ['do[opr]_v1_', '[0-9a-f]{64}'],
  ['hf_', '[A-Za-z0-9]{30,64}'],
  ['hv[sbr]\\.', '[\\w-]{24,255}'],
  ['glsa_', '[A-Za-z0-9]{32}_[0-9a-f]{8}'],
  ['AGE-SECRET-KEY-1', '[0-9A-Z]{58}'],
];
/** Where none of the beginnings is, which is nearly everywhere, there is no need to look for boundaries. */
const BEGINNING = new RegExp([...FORMATS.map(([shown]) => shown), 'sk-'].join('|'));
const KEY = new RegExp(`${BEFORE}(?:${FORMATS.map(([shown, secret]) => `(${shown})${secret}`).join('|')})`, 'g');

/** OpenAI and those who followed. `sk-` is also a country, so the rest has to look random. */
const SK_KEY = new RegExp(`${BEFORE}(sk-(?:[a-z]{2,10}-)?)([\\w-]{20,255})`, 'g');
const RANDOM = /^(?:[0-9a-f]{32,}$|(?=[^0-9]*[0-9])(?=[^A-Z]*[A-Z])(?=[^a-z]*[a-z]))/;

/** Keys of well-known services: `AKIA****`, `ghp_****`, `sk-****`, `xoxb-****`. */
export function redactApiKeys(text: string, concealer: Concealer): string {
  if (!BEGINNING.test(text)) return text;
  const first = text.replace(KEY, (match: string, ...groups: (string | undefined)[]) => {
    const shown = groups.slice(0, FORMATS.length).find((group) => group !== undefined) ?? '';
    return concealer.conceal(match, `${shown}${MASK}`);
  });
  if (!first.includes('sk-')) return first;
  return first.replace(SK_KEY, (match: string, shown: string, rest: string) => (RANDOM.test(rest) ? concealer.conceal(match, `${shown}${MASK}`) : match));
}
