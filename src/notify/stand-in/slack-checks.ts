import {
  ACTIONS_ELEMENTS_MAX, BLOCKS_MAX, BLOCKS_TEXT_REFUSED, BUTTON_TEXT_MAX, BUTTON_VALUE_MAX, CONTEXT_ELEMENTS_MAX, HEADER_TEXT_MAX, SECTION_TEXT_MAX, TEXT_MAX, URL_MAX,
} from '../slack-limits.js';
import { blocksTextLength, type SlackBlock } from '../slack-blocks.js';

export interface CheckedMessage {
  readonly text: string;
  readonly blocks: readonly SlackBlock[];
}

/** What Slack would make of the message: the error it answers, or the message as it is kept. */
export function checkMessage(args: Readonly<Record<string, unknown>>): CheckedMessage | { readonly error: string } {
  const text = typeof args['text'] === 'string' ? args['text'] : '';
  const blocks = parsed(args['blocks']);
  if (blocks === undefined) return { error: 'invalid_blocks_format' };
  if (text === '' && blocks.length === 0) return { error: 'no_text' };
  if (text.length > TEXT_MAX) return { error: 'msg_too_long' };
  if (blocks.length > BLOCKS_MAX || !blocks.every(isBlock)) return { error: 'invalid_blocks' };
  const checked = blocks as readonly SlackBlock[];
  if (blocksTextLength(checked) > BLOCKS_TEXT_REFUSED) return { error: 'msg_blocks_too_long' };
  return { text, blocks: checked };
}

/** An argument that the SDK sends as JSON within a form, or as it is in a JSON body. */
export function jsonArgument(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return undefined;
  }
}

function parsed(value: unknown): readonly unknown[] | undefined {
  if (value === undefined || value === '') return [];
  const blocks = jsonArgument(value);
  return Array.isArray(blocks) ? blocks : undefined;
}

function isBlock(value: unknown): boolean {
  if (!isRecord(value)) return false;
  switch (value['type']) {
    case 'divider': return true;
    case 'header': return isText(value['text'], ['plain_text'], HEADER_TEXT_MAX);
    case 'section': return isText(value['text'], ['mrkdwn', 'plain_text'], SECTION_TEXT_MAX);
    case 'context': return isList(value['elements'], CONTEXT_ELEMENTS_MAX, (element) => isText(element, ['mrkdwn', 'plain_text'], SECTION_TEXT_MAX));
    case 'actions': return isList(value['elements'], ACTIONS_ELEMENTS_MAX, isButton) && hasOwnActionIds(value['elements'] as readonly { action_id?: string }[]);
    default: return false;
  }
}

function isButton(value: unknown): boolean {
  if (!isRecord(value) || value['type'] !== 'button' || !isText(value['text'], ['plain_text'], BUTTON_TEXT_MAX)) return false;
  const url = value['url'];
  if (url !== undefined && (typeof url !== 'string' || url.length > URL_MAX || !/^https?:\/\/\S+$/.test(url))) return false;
  if (value['value'] !== undefined && (typeof value['value'] !== 'string' || value['value'].length > BUTTON_VALUE_MAX)) return false;
  return value['style'] === undefined || value['style'] === 'primary' || value['style'] === 'danger';
}

function hasOwnActionIds(elements: readonly { readonly action_id?: string }[]): boolean {
  const ids = elements.flatMap(({ action_id }) => (action_id === undefined ? [] : [action_id]));
  return new Set(ids).size === ids.length;
}

function isText(value: unknown, types: readonly string[], maxLength: number): boolean {
  return isRecord(value) && types.includes(String(value['type'])) && typeof value['text'] === 'string' && value['text'].length > 0 && value['text'].length <= maxLength;
}

function isList(value: unknown, maxLength: number, isElement: (element: unknown) => boolean): boolean {
  return Array.isArray(value) && value.length > 0 && value.length <= maxLength && value.every(isElement);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
