import { createHash } from 'node:crypto';

/** Nothing from elsewhere, nothing inline: text that came in with a span can never become script or style. */
function contentSecurityPolicy(styles: string): string {
  return ["default-src 'none'", "script-src 'self'", `style-src ${styles}`, "img-src 'self'", "connect-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"].join('; ');
}

export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': contentSecurityPolicy("'self'"),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

/** For a page that brings its one style sheet along: that text may stand in it, and no other. */
export function policyWithSheet(sheet: string): string {
  return contentSecurityPolicy(`'sha256-${createHash('sha256').update(sheet).digest('base64')}'`);
}
