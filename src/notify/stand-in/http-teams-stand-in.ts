import { startWebhookStandIn, type ReceivedWebhook, type StandInAnswer, type WebhookStandIn } from './http-webhook-stand-in.js';

export interface TeamsCard {
  /** Texts in the order in which they are read. */
  readonly texts: readonly string[];
  readonly actions: readonly { readonly title: string; readonly url: string }[];
}

export interface TeamsStandIn extends WebhookStandIn {
  cards(): readonly TeamsCard[];
}

interface Element {
  readonly type?: string;
  readonly text?: string;
  readonly facts?: readonly { readonly title: string; readonly value: string }[];
}
interface Message {
  readonly type?: string;
  readonly attachments?: readonly { readonly contentType?: string; readonly content?: { readonly type?: string; readonly version?: string; readonly body?: readonly Element[]; readonly actions?: readonly { readonly type?: string; readonly title: string; readonly url: string }[] } }[];
}

/** The documented limit of a message in Teams. */
const MESSAGE_BYTES_MAX = 28 * 1_024;
const ELEMENTS = new Set(['TextBlock', 'FactSet']);

/** A Teams workflow that posts the card of each request into a channel. */
export async function startTeamsStandIn(): Promise<TeamsStandIn> {
  const cards: TeamsCard[] = [];
  const answer = ({ body }: ReceivedWebhook): StandInAnswer => {
    const message = JSON.parse(body) as Message;
    const card = message.attachments?.[0]?.content;
    if (Buffer.byteLength(body) > MESSAGE_BYTES_MAX) return { status: 413, body: 'RequestEntityTooLarge' };
    if (message.type !== 'message' || message.attachments?.[0]?.contentType !== 'application/vnd.microsoft.card.adaptive' || card?.type !== 'AdaptiveCard' || card.body === undefined) return { status: 400, body: 'TriggerInputSchemaMismatch' };
    const { body: elements, actions = [] } = card;
    if (elements.some(({ type }) => !ELEMENTS.has(type ?? '')) || actions.length > 6 || actions.some(({ type }) => type !== 'Action.OpenUrl')) return { status: 400, body: 'the card is not valid' };
    cards.push({ texts: elements.flatMap(({ text, facts = [] }) => (text === undefined ? facts.map(({ title, value }) => `${title}: ${value}`) : [text])), actions: actions.map(({ title, url }) => ({ title, url })) });
    return { status: 202 };
  };
  const standIn = await startWebhookStandIn(answer);
  return { ...standIn, cards: () => cards };
}
