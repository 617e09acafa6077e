import type { Notification } from './delivery.js';
import { plainMessage, type Link, type PlainMessage } from './plain-message.js';
import { runbookLines } from './plain-runbook.js';

/** Teams refuses messages above 28 KB (learn.microsoft.com, "Limits and specifications for Microsoft Teams"); some room for what a workflow adds. */
export const CARD_BYTES_MAX = 24 * 1_024;
/** Adaptive cards show six actions at most. */
const ACTIONS_MAX = 6;
const SENT_AGAIN = 'Sent again: Teams did not confirm the first attempt.';

type Block = Readonly<Record<string, unknown>>;

/** The request of a workflow as text: one message with one adaptive card. What does not fit is left out from the end, but never the buttons. */
export function teamsCard(notification: Notification): string {
  const message = plainMessage(notification);
  const blocks = blocksOf(notification, message);
  for (let kept = blocks.length; ; kept -= 1) {
    const body = JSON.stringify(envelopeOf(blocks.slice(0, kept), message));
    if (Buffer.byteLength(body) <= CARD_BYTES_MAX || kept === 1) return body;
  }
}

function envelopeOf(body: readonly Block[], { incident, runbook, traces }: PlainMessage): Block {
  const links = [incident, ...(runbook === undefined ? [] : [{ label: 'Runbook', url: runbook.url }]), ...traces.slice(0, 1).map(({ url }) => ({ label: 'Most common trace', url }))];
  return {
    type: 'message',
    attachments: [{
      contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null,
      content: {
        $schema: 'http://adaptivecards.io/schemas/adaptive-card.json', type: 'AdaptiveCard', version: '1.4', msteams: { width: 'Full' }, body,
        actions: links.slice(0, ACTIONS_MAX).map(({ label, url }) => ({ type: 'Action.OpenUrl', title: label, url })),
      },
    }],
  };
}

function blocksOf({ delivery }: Notification, message: PlainMessage): Block[] {
  const { incident } = delivery.transition;
  const colour = incident.status === 'resolved' ? 'Good' : incident.severity === 'page' ? 'Attention' : 'Warning';
  const runbook = incident.status === 'resolved' ? [] : runbookLines(message.runbook?.markdown ?? '');
  return [
    text(message.headline, { size: 'Large', weight: 'Bolder', color: colour, style: 'heading' }),
    ...optional(message.news, { weight: 'Bolder' }),
    ...optional(message.words, {}),
    { type: 'FactSet', facts: message.facts.map(({ name, value }) => ({ title: name, value: escaped(value) })) },
    ...(delivery.ambiguous === true ? [text(SENT_AGAIN, { isSubtle: true })] : []),
    ...message.traces.map((trace) => markdown(`${linkOf(trace)}: ${[escaped(trace.reason), ...trace.alike.map(linkOf)].join('. ')}`)),
    ...(message.others.length === 0 ? [] : [markdown(`In the same group: ${message.others.map(linkOf).join(', ')}`)]),
    ...(runbook.length === 0 ? [] : [text(`Runbook: ${message.runbook?.label ?? ''}`, { weight: 'Bolder' }), ...runbook.map((line) => text(line, { spacing: 'None' }))]),
  ];
}

function optional(words: string | undefined, style: Block): Block[] {
  return words === undefined ? [] : [text(words, style)];
}

function text(words: string, style: Block): Block {
  return { ...markdown(escaped(words)), ...style };
}

function markdown(words: string): Block {
  return { type: 'TextBlock', wrap: true, text: words };
}

function linkOf({ label, url }: Link): string {
  return `[${escaped(label)}](${url.replaceAll('(', '%28').replaceAll(')', '%29')})`;
}

/** Cards take Markdown: what others wrote must not become links, mentions or lists. */
function escaped(words: string): string {
  return words.replaceAll(/[\\[\]*_`<>#]/g, (sign) => `\\${sign}`);
}
