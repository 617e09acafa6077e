import type { SlackBlock } from '../slack-blocks.js';
import type { SlackMessageKept } from './memory-slack-workspace.js';
import { escapeHtml, mrkdwnHtml } from './slack-mrkdwn-html.js';
import { withEmoji } from './slack-emoji.js';
import { SLACK_PAGE_SCRIPT, SLACK_PAGE_STYLE } from './slack-page-assets.js';

export interface ShownWorkspace {
  readonly channels: ReadonlyMap<string, string>;
  readonly messages: readonly SlackMessageKept[];
  readonly revision: number;
}

/** The whole page; its script asks for the fragment again every second. */
export function slackPage(workspace: ShownWorkspace): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Slack stand-in</title>
<style>${SLACK_PAGE_STYLE}</style>
</head>
<body>
<header class="top"><strong>Slack stand-in</strong><span>What Tocsin would post to Slack. Nothing leaves this machine.</span></header>
<main id="workspace">${slackFragment(workspace)}</main>
<script>${SLACK_PAGE_SCRIPT}</script>
</body>
</html>
`;
}

/** Channels and their messages, threads below their parents. */
export function slackFragment({ channels, messages, revision }: ShownWorkspace): string {
  const sections = [...channels].map(([id, name]) => channelHtml(name, messages.filter((message) => message.channel === id)));
  const empty = '<p class="empty">No message yet. It appears here by itself.</p>';
  return withEmoji(`<div data-revision="${String(revision)}">${sections.length === 0 ? empty : sections.join('')}</div>`);
}

function channelHtml(name: string, messages: readonly SlackMessageKept[]): string {
  const top = messages.filter((message) => message.threadTs === undefined || message.broadcast);
  const shown = top.map((message) => messageHtml(message, messages.filter((reply) => reply.threadTs === message.ts)));
  return `<section class="channel"><h2>#${escapeHtml(name)}</h2>${shown.length === 0 ? '<p class="empty">No message yet.</p>' : shown.join('')}</section>`;
}

function messageHtml(message: SlackMessageKept, replies: readonly SlackMessageKept[]): string {
  const broadcast = message.threadTs === undefined ? '' : '<div class="broadcast">replied to a thread</div>';
  const thread = replies.length === 0 ? '' : `<details class="thread" open><summary>${String(replies.length)} ${replies.length === 1 ? 'reply' : 'replies'}</summary>${replies.map((reply) => messageHtml({ ...reply, threadTs: undefined }, [])).join('')}</details>`;
  const edited = message.editedTs === undefined ? '' : `<span class="edited" title="edited ${String(message.edits)} times">(edited)</span>`;
  return `<article class="message" id="m${message.ts.replace('.', '-')}"><div class="avatar" aria-hidden="true">🔔</div><div class="body">
<div class="who"><b>Tocsin</b><span class="app">APP</span>${timeHtml(message.ts)}</div>${broadcast}
${message.blocks.length === 0 ? `<div class="section">${mrkdwnHtml(message.text)}</div>` : message.blocks.map(blockHtml).join('')}${edited}${thread}</div></article>`;
}

function blockHtml(block: SlackBlock): string {
  switch (block.type) {
    case 'header': return `<h3>${escapeHtml(block.text.text)}</h3>`;
    case 'section': return `<div class="section">${mrkdwnHtml(block.text.text)}</div>`;
    case 'context': return `<div class="context">${block.elements.map((element) => `<span>${mrkdwnHtml(element.text)}</span>`).join('')}</div>`;
    case 'actions': return `<div class="actions">${block.elements.map((button) => ('url' in button ? `<a class="button ${button.style ?? ''}" href="${escapeHtml(button.url)}">${escapeHtml(button.text.text)}</a>` : `<button class="button ${button.style ?? ''}" disabled>${escapeHtml(button.text.text)}</button>`)).join('')}</div>`;
    case 'divider': return '<hr>';
  }
}

function timeHtml(ts: string): string {
  const iso = new Date(Number(ts) * 1_000).toISOString();
  return `<time datetime="${iso}" data-short>${iso.slice(11, 16)} UTC</time>`;
}
