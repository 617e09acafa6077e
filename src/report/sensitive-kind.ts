import { DETECTOR_NAMES, type DetectorName } from '../config/redaction.js';
import { DETECTORS } from '../ingest/detect.js';
import { HASH_PREFIX, MASK } from '../ingest/detect-concealed.js';

/** What kind of sensitive data was found; never the data. */
export type SensitiveKind = DetectorName | 'secret by its name';

const SHAPES: readonly (readonly [RegExp, SensitiveKind])[] = [
  [/\*{4}:\*{4}@/, 'url-userinfo'], [/\*{4}@\*{4}/, 'email'], [/PRIVATE KEY/, 'private-key'], [/eyJ\*{4}/, 'jwt'], [/(?:Bearer|Basic|Digest|Token) \*{4}/i, 'authorization'],
  [/\*{4}\d{4}/, 'card-number'], [/(?:^|\W)[A-Z]{2}\*{4}/, 'iban'], [/[=:]\s?\*{4}/, 'secret-pair'], [/[A-Za-z0-9]{2,}[_.-]\*{4}|(?:AKIA|ASIA|AIza)\*{4}/, 'api-key'],
];

/** What redaction concealed, by the mark that it left: docs/redaction.md, Detectors. */
export function kindOfMark(mark: string): SensitiveKind {
  if (mark === MASK || mark.startsWith(HASH_PREFIX)) return 'secret by its name';
  return SHAPES.find(([shape]) => shape.test(mark))?.[1] ?? 'secret by its name';
}

const NO_MASK = { conceal: (_secret: string, shape?: string): string => shape ?? MASK };

/** What the detectors find in a text that nobody redacted; undefined where nothing. */
export function kindOfText(text: string): SensitiveKind | undefined {
  return DETECTOR_NAMES.find((name) => DETECTORS[name].redact(text, NO_MASK) !== text);
}
