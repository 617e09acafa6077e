import type { DetectorName } from '../config/redaction.js';
import { redactApiKeys } from './detect-api-keys.js';
import { redactCardNumbers, redactIbans, redactSocialSecurityNumbers } from './detect-numbers.js';
import { redactAuthorization, redactConnectionPasswords, redactJwts, redactPrivateKeys, redactUrlUserinfo } from './detect-credentials.js';
import { redactEmails } from './detect-emails.js';
import { redactSecretPairs } from './detect-secret-pairs.js';
import type { Concealer } from './detect-concealed.js';
import { SIGN } from './detect-signs.js';

export interface Detector {
  /** Signs (see detect-signs.ts) without all of which a text holds nothing for this detector. */
  readonly signs: number;
  /** The text with what was found concealed. Linear in its length, never throws, and finds nothing in its own result. */
  redact(text: string, concealer: Concealer, secretNames?: ReadonlySet<string>): string;
}

export const DETECTORS = {
  'private-key': { signs: SIGN.dashes, redact: redactPrivateKeys },
  'url-userinfo': { signs: SIGN.at | SIGN.pair, redact: redactUrlUserinfo },
  'connection-password': { signs: SIGN.pair, redact: redactConnectionPasswords },
  authorization: { signs: SIGN.scheme, redact: redactAuthorization },
  'secret-pair': { signs: SIGN.pair, redact: redactSecretPairs },
  jwt: { signs: SIGN.word, redact: redactJwts },
  'api-key': { signs: SIGN.word, redact: redactApiKeys },
  'card-number': { signs: SIGN.digits13, redact: redactCardNumbers },
  iban: { signs: SIGN.digits | SIGN.capital, redact: redactIbans },
  'us-ssn': { signs: SIGN.digits, redact: redactSocialSecurityNumbers },
  email: { signs: SIGN.at, redact: redactEmails },
} as const satisfies Readonly<Record<DetectorName, Detector>>;
