import { startWebhookStandIn, type ReceivedWebhook, type StandInAnswer, type WebhookStandIn } from './http-webhook-stand-in.js';

export interface OpsgenieAlert {
  readonly alias: string;
  readonly status: 'open' | 'acknowledged' | 'closed';
  readonly message: string;
  readonly priority: string;
  readonly count: number;
  readonly notes: readonly string[];
}

export interface OpsgenieStandIn extends WebhookStandIn {
  /** Oldest first, the closed ones included. */
  alerts(): readonly OpsgenieAlert[];
}

interface Body {
  readonly alias?: string;
  readonly message?: string;
  readonly description?: string;
  readonly priority?: string;
  readonly note?: string;
}

const ACTION = /^\/v2\/alerts\/([^/]+)\/(close|acknowledge|notes|priority)\?identifierType=alias$/;
const TAKEN: StandInAnswer = { status: 202, body: '{"result":"Request will be processed"}' };

/** Opsgenie's Alert API: one open alert per alias, counted; what names no open alert is taken and does nothing, as it works asynchronously. */
export async function startOpsgenieStandIn(apiKey: string): Promise<OpsgenieStandIn> {
  const alerts: OpsgenieAlert[] = [];
  const change = (alias: string, changes: (known: OpsgenieAlert) => Partial<OpsgenieAlert>): boolean => {
    const at = alerts.findIndex((alert) => alert.alias === alias && alert.status !== 'closed');
    const known = alerts[at];
    if (known !== undefined) alerts[at] = { ...known, ...changes(known) };
    return known !== undefined;
  };
  const create = ({ alias = '', message = '', priority = '', description = '' }: Body): StandInAnswer => {
    if (message === '' || message.length > 130 || description.length > 15_000 || alias.length > 512 || !/^P[1-5]$/.test(priority)) return { status: 422, body: '{"message":"Request body is not processable"}' };
    if (!change(alias, ({ count }) => ({ count: count + 1 }))) alerts.push({ alias, status: 'open', message, priority, count: 1, notes: [] });
    return TAKEN;
  };
  const act = (path: string, { priority = '', note = '' }: Body): StandInAnswer => {
    const [, alias = '', action] = ACTION.exec(path) ?? [];
    if (action === undefined) return { status: 404 };
    change(alias, (known) => {
      switch (action) {
        case 'close': return { status: 'closed' };
        case 'acknowledge': return { status: 'acknowledged' };
        case 'priority': return { priority };
        default: return { notes: [...known.notes, note] };
      }
    });
    return TAKEN;
  };
  const answer = ({ path, headers, body }: ReceivedWebhook): StandInAnswer => {
    if (headers['authorization'] !== `GenieKey ${apiKey}`) return { status: 401, body: '{"message":"Could not authenticate"}' };
    const parsed = JSON.parse(body) as Body;
    return path === '/v2/alerts' ? create(parsed) : act(path, parsed);
  };
  const standIn = await startWebhookStandIn(answer);
  return { ...standIn, url: new URL('/', standIn.url).href, alerts: () => alerts };
}
