import type { Notification } from './delivery.js';
import { plainMessage, type Link, type PlainMessage } from './plain-message.js';

const SENT_AGAIN = 'Sent again: the mail server did not confirm the first attempt.';

export interface EmailMessage {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** One for each delivery: a mailbox that gets it twice can tell. */
  readonly messageId: string;
  /** All mails of a conversation point at this one, so that mail programs show them together. */
  readonly threadId: string;
}

export function emailMessage(notification: Notification): EmailMessage {
  const { delivery, publicUrl } = notification;
  const message = plainMessage(notification);
  const said = message.news ?? message.words;
  const host = URL.canParse(publicUrl) ? new URL(publicUrl).hostname : 'tocsin';
  const note = delivery.ambiguous === true ? SENT_AGAIN : undefined;
  return {
    subject: said === undefined ? message.headline : `${message.headline}: ${said}`,
    text: textOf(message, note), html: htmlOf(message, note),
    messageId: `<${delivery.id}@${host}>`, threadId: `<${delivery.incidentId}@${host}>`,
  };
}

function textOf({ headline, news, words, facts, traces, others, runbook, incident }: PlainMessage, note: string | undefined): string {
  const link = ({ label, url }: Link): string => `${label}\n  ${url}`;
  const parts: readonly (string | undefined)[] = [
    headline, news, words, note, facts.map(({ name, value }) => `${name}: ${value}`).join('\n'), `${incident.label}: ${incident.url}`,
    traces.length === 0 ? undefined : ['Traces to open', ...traces.map((trace) => [`- ${trace.reason}: ${link(trace)}`, ...trace.alike.map((each) => `  ${each.label}: ${each.url}`)].join('\n'))].join('\n'),
    others.length === 0 ? undefined : ['In the same group', ...others.map((other) => `- ${link(other)}`)].join('\n'),
    runbook === undefined ? undefined : `Runbook: ${link(runbook)}\n\n${runbook.markdown.trim()}`,
  ];
  return `${parts.filter((part) => part !== undefined).join('\n\n')}\n`;
}

function htmlOf({ headline, news, words, facts, traces, others, runbook, incident }: PlainMessage, note: string | undefined): string {
  const link = ({ label, url }: Link): string => `<a href="${escaped(url)}">${escaped(label)}</a>`;
  const list = (title: string, items: readonly string[]): string => (items.length === 0 ? '' : `<h3>${title}</h3><ul>${items.map((item) => `<li>${item}</li>`).join('')}</ul>`);
  return [
    `<h2>${escaped(headline)}</h2>`, ...[news, words, note].filter((text) => text !== undefined).map((text) => `<p>${escaped(text)}</p>`),
    `<table>${facts.map(({ name, value }) => `<tr><th align="left" valign="top">${escaped(name)}</th><td>${escaped(value)}</td></tr>`).join('')}</table>`,
    `<p>${link(incident)}</p>`,
    list('Traces to open', traces.map((trace) => `${link(trace)}: ${[escaped(trace.reason), ...trace.alike.map(link)].join('. ')}`)), list('In the same group', others.map(link)),
    runbook === undefined ? '' : `<h3>Runbook: ${link(runbook)}</h3><pre style="white-space: pre-wrap">${escaped(runbook.markdown.trim())}</pre>`,
  ].join('\n');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
