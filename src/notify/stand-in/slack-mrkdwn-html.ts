/** mrkdwn as HTML, as far as Tocsin's messages use it. Everything else stays text: the page shows what Slack would show. */
export function mrkdwnHtml(text: string): string {
  const held: string[] = [];
  const hold = (html: string): string => `\u0001${String(held.push(html) - 1)}\u0001`;
  const marked = text
    .replaceAll('\u0001', '')
    .replaceAll(/```([\s\S]*?)```/g, (_whole, code: string) => hold(`<pre>${escapeHtml(unescapeSlack(code.trim()))}</pre>`))
    .replaceAll(/`([^`\n]+)`/g, (_whole, code: string) => hold(`<code>${escapeHtml(unescapeSlack(code))}</code>`))
    .replaceAll(/<([^<>]+)>/g, (_whole, control: string) => hold(controlHtml(control)));
  const html = marked.split('\n').map(lineHtml).join('').replaceAll('</blockquote><blockquote>', '<br>').replace(/(<br>)+$/, '');
  // What is held may hold again: a code span inside a link's label.
  return restore(restore(html, held), held);
}

export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

function lineHtml(line: string): string {
  const quoted = /^(?:&gt;|>)\s?(.*)$/.exec(line)?.[1];
  return quoted === undefined ? `${inlineHtml(line)}<br>` : `<blockquote>${inlineHtml(quoted)}</blockquote>`;
}

function inlineHtml(text: string): string {
  return escapeHtml(unescapeSlack(text))
    .replaceAll(/(^|[\s(.,:;!?'"])\*([^*\n]+)\*(?=$|[\s).,:;!?'"])/g, '$1<strong>$2</strong>')
    .replaceAll(/(^|[\s(.,:;!?'"])_([^_\n]+)_(?=$|[\s).,:;!?'"])/g, '$1<em>$2</em>')
    .replaceAll(/(^|[\s(.,:;!?'"])~([^~\n]+)~(?=$|[\s).,:;!?'"])/g, '$1<s>$2</s>');
}

/** What stands between `<` and `>`: a link, a date, a mention. */
function controlHtml(control: string): string {
  const bar = control.indexOf('|');
  const target = bar === -1 ? control : control.slice(0, bar);
  const label = bar === -1 ? undefined : control.slice(bar + 1);
  if (target.startsWith('!date^')) return dateHtml(target, label ?? '');
  if (/^[!@#]/.test(target)) return `<span class="mention">@${escapeHtml((label ?? target.slice(1)).replace(/^@/, ''))}</span>`;
  const url = unescapeSlack(target);
  if (!/^(https?|mailto):/.test(url)) return escapeHtml(`<${control}>`);
  return `<a href="${escapeHtml(url)}">${escapeHtml(unescapeSlack(label ?? url))}</a>`;
}

/** Slack shows it in the reader's zone; the page's script does the same. */
function dateHtml(target: string, fallback: string): string {
  const seconds = Number(target.split('^')[1]);
  const iso = Number.isFinite(seconds) ? new Date(seconds * 1_000).toISOString() : '';
  return `<time datetime="${iso}">${escapeHtml(unescapeSlack(fallback))}</time>`;
}

function unescapeSlack(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}

function restore(html: string, held: readonly string[]): string {
  return html.replaceAll(/\u0001(\d+)\u0001/g, (_whole, index: string) => held[Number(index)] ?? '');
}
