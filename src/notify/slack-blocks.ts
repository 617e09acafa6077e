/** The blocks that Tocsin sends and the stand-in understands. Field names are Slack's. */
export interface PlainText {
  readonly type: 'plain_text';
  readonly text: string;
  readonly emoji?: boolean;
}

export interface Mrkdwn {
  readonly type: 'mrkdwn';
  readonly text: string;
  /** True keeps Slack from turning names in the text into mentions and links. */
  readonly verbatim?: boolean;
}

export interface LinkButton {
  readonly type: 'button';
  readonly action_id: string;
  readonly text: PlainText;
  readonly url: string;
  readonly style?: 'primary' | 'danger';
}

/** Pressing it tells Tocsin, which knows from `value` what it is about. */
export interface ActionButton {
  readonly type: 'button';
  readonly action_id: string;
  readonly text: PlainText;
  readonly value: string;
  readonly style?: 'primary' | 'danger';
}

export type SlackBlock =
  | { readonly type: 'header'; readonly text: PlainText }
  | { readonly type: 'section'; readonly text: Mrkdwn }
  | { readonly type: 'context'; readonly elements: readonly Mrkdwn[] }
  | { readonly type: 'actions'; readonly elements: readonly (LinkButton | ActionButton)[] }
  | { readonly type: 'divider' };

/** What goes into chat.postMessage and chat.update: `text` is what a phone's lock screen shows. */
export interface SlackMessage {
  readonly text: string;
  readonly blocks: readonly SlackBlock[];
}

export function mrkdwn(text: string): Mrkdwn {
  return { type: 'mrkdwn', text, verbatim: true };
}

/** Characters of text over all blocks: what Slack's undocumented limit counts. */
export function blocksTextLength(blocks: readonly SlackBlock[]): number {
  return blocks.reduce((sum, block) => sum + textLength(block), 0);
}

function textLength(block: SlackBlock): number {
  switch (block.type) {
    case 'divider': return 0;
    case 'header':
    case 'section': return block.text.text.length;
    case 'context': return block.elements.reduce((sum, element) => sum + element.text.length, 0);
    case 'actions': return block.elements.reduce((sum, element) => sum + element.text.text.length, 0);
  }
}
