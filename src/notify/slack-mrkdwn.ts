/** Ends a text that is too long with an ellipsis; cuts between characters, never inside one. */
export function shorten(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const cut = text.slice(0, maxLength - 1);
  return `${/[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut}…`;
}

/**
 * Text that people or programs wrote, safe inside mrkdwn: `<!channel>`, links and mentions are only letters, backticks cannot close
 * our code spans, and one line stays one line.
 */
export function escapeText(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  // Asterisks and underscores stay: at worst a word is bold, and names like checkout_ok must survive being copied.
  const calm = line.replaceAll('`', '\u02CB').replaceAll(/@(?=channel|here|everyone)/g, '@\u2060');
  return escapeControl(calm);
}

/** Text for a code span: nothing in it is formatted. */
export function codeSpan(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim().replaceAll('`', '\u02CB');
  return line === '' ? '' : `\`${escapeControl(line)}\``;
}

/** Longer addresses come from names that nobody chose by hand; they would fill the message. */
const LINK_URL_MAX = 600;

/** `<url|label>`; the label is escaped here, once. An address that is too long leaves the label alone. */
export function link(url: string, label: string): string {
  if (url.length > LINK_URL_MAX) return escapeText(label);
  const safeUrl = url.replaceAll('|', '%7C').replaceAll('<', '%3C').replaceAll('>', '%3E').replaceAll('&', '&amp;');
  return `<${safeUrl}|${escapeText(label).replaceAll('|', '\u2223')}>`;
}

/** A moment in the reader's own time zone, with UTC for where Slack cannot show it. */
export function date(timeMs: number): string {
  const fallback = `${new Date(timeMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  return `<!date^${String(Math.floor(timeMs / 1_000))}^{date_short_pretty} {time}|${fallback}>`;
}

/** Slack's three control characters (docs.slack.dev/messaging/formatting-message-text). */
function escapeControl(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
