import type { IncidentId } from '../lib/ids.js';
import { stableHash } from '../lib/stable-hash.js';

/** Where "Interactivity & Shortcuts" of the Slack app is pointed to. */
export const SLACK_BUTTONS_PATH = '/slack/interactions';

export const PRESS_ACTIONS = ['acknowledge', 'silence', 'resolve'] as const;
export type PressAction = (typeof PRESS_ACTIONS)[number];

/** What somebody pressed below a message in Slack. */
export interface Press {
  readonly action: PressAction;
  /** What the button carries: which incident, for those who know the incidents. */
  readonly value: string;
  readonly user: string;
  readonly channel: string;
  /** Where Slack takes an answer for the one who pressed. It came with the press: nobody may be asked there without a look at where it leads. */
  readonly responseUrl: string | undefined;
}

/** Says nothing of the incident, and holds no command: what it does is decided here, when it is pressed. */
export function pressValueOf(id: IncidentId): string {
  return `btn-${stableHash(['slack button', id], 32)}`;
}

/** The press in the body of an interaction (`payload=` and JSON); undefined for everything else that Slack sends, like a press of a link. */
export function readPress(body: Uint8Array): Press | undefined {
  try {
    return pressOf(JSON.parse(new URLSearchParams(Buffer.from(body).toString('utf8')).get('payload') ?? ''));
  } catch {
    return undefined;
  }
}

/** The same of the payload itself, as it comes over a socket. */
export function pressOf(content: unknown): Press | undefined {
  if (typeof content !== 'object' || content === null) return undefined;
  const payload: Payload = content;
  const pressed: readonly Pressed[] = Array.isArray(payload.actions) ? (payload.actions as readonly Pressed[]) : [];
  const [action, second] = pressed;
  const known = PRESS_ACTIONS.find((name) => name === action?.action_id);
  if (payload.type !== 'block_actions' || known === undefined || second !== undefined) return undefined;
  const [value, user, channel] = [action?.value, payload.user?.id, payload.channel?.id];
  if (typeof value !== 'string' || typeof user !== 'string' || typeof channel !== 'string') return undefined;
  return { action: known, value, user, channel, responseUrl: typeof payload.response_url === 'string' ? payload.response_url : undefined };
}

interface Payload {
  readonly type?: unknown;
  readonly user?: { readonly id?: unknown };
  readonly channel?: { readonly id?: unknown };
  readonly actions?: unknown;
  readonly response_url?: unknown;
}

interface Pressed {
  readonly action_id?: unknown;
  readonly value?: unknown;
}
