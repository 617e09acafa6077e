/** The parts of a Slack message that a terminal can show; everything else is left out. */
export interface SlackMessage {
  readonly text?: string;
  readonly blocks?: readonly unknown[];
  readonly attachments?: readonly unknown[];
}

type Node = Readonly<Record<string, unknown>>;

/** The message as lines of plain text: what the phone shows, without colours and buttons that work. */
export function slackLines(message: SlackMessage): readonly string[] {
  const blocks = [...nodes(message.blocks), ...nodes(message.attachments).flatMap((each) => nodes(each['blocks']))];
  const lines = blocks.flatMap(blockLines);
  return lines.length > 0 ? lines : plain(message.text ?? '').split('\n');
}

/** Every address in the message, once, in its order. */
export function slackLinks(message: SlackMessage): readonly string[] {
  const text = JSON.stringify([message.blocks, message.attachments, message.text]);
  return [...new Set([...text.matchAll(/https?:\/\/[^\s"<>|\\)`]+/g)].map(([url]) => unescape(url)).filter((url) => URL.canParse(url)))];
}

function blockLines(block: Node): readonly string[] {
  switch (block['type']) {
    case 'header': return ['', textOf(block['text'])];
    case 'section': return [...split(textOf(block['text'])), ...nodes(block['fields']).flatMap((field) => split(textOf(field)))];
    case 'context': return split(nodes(block['elements']).map(textOf).join('  '));
    case 'actions': return [nodes(block['elements']).map((button) => `[ ${textOf(button['text'])} ]`).join(' ')];
    case 'divider': return ['─'.repeat(40)];
    case 'rich_text': return split(richText(block));
    default: return [];
  }
}

function richText(node: Node): string {
  const own = typeof node['text'] === 'string' ? node['text'] : '';
  const link = node['type'] === 'link' ? ` (${String(node['url'])})` : '';
  return own + link + nodes(node['elements']).map(richText).join('');
}

function textOf(node: unknown): string {
  const text = typeof node === 'object' && node !== null ? (node as Node)['text'] : undefined;
  return typeof text === 'string' ? plain(text) : '';
}

/** Slack's mrkdwn without its marks: links become `words (address)`. */
function plain(text: string): string {
  const dated = text.replace(/<!date\^[^|>]*\|([^>]*)>/g, '$1');
  const unlinked = dated.replace(/<(https?:[^|>]+)\|([^>]+)>/g, '$2 ($1)').replace(/<(https?:[^>]+)>/g, '$1');
  return unescape(unlinked.replace(/(^|[\s(])\*([^*\n]+)\*/g, '$1$2').replace(/(^|\s)_([^_\n]+)_(?=[\s.,:]|$)/g, '$1$2'));
}

function unescape(text: string): string {
  return text.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&');
}

function split(text: string): readonly string[] {
  return text === '' ? [] : text.split('\n');
}

function nodes(value: unknown): readonly Node[] {
  return Array.isArray(value) ? value.filter((each): each is Node => typeof each === 'object' && each !== null) : [];
}
