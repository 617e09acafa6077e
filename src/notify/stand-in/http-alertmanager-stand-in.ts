import { startWebhookStandIn, type ReceivedWebhook, type StandInAnswer, type WebhookStandIn } from './http-webhook-stand-in.js';

export interface ForwardedAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly generatorURL: string;
}

export interface AlertmanagerStandIn extends WebhookStandIn {
  /** By labels, as they were posted last. */
  alerts(): readonly ForwardedAlert[];
}

/** An Alertmanager that takes alerts by API v2, below a path of its own. */
export async function startAlertmanagerStandIn(): Promise<AlertmanagerStandIn> {
  const alerts = new Map<string, ForwardedAlert>();
  const answer = ({ path, body }: ReceivedWebhook): StandInAnswer => {
    if (path !== '/am/api/v2/alerts') return { status: 404 };
    const posted = JSON.parse(body) as ForwardedAlert[];
    if (posted.some(({ labels, startsAt, endsAt }) => Object.keys(labels).length === 0 || Date.parse(startsAt) > Date.parse(endsAt))) return { status: 400, body: '"start time must be before end time"' };
    for (const alert of posted) alerts.set(JSON.stringify(alert.labels), alert);
    return { status: 200 };
  };
  const standIn = await startWebhookStandIn(answer);
  return { ...standIn, url: new URL('/am/', standIn.url).href, alerts: () => [...alerts.values()] };
}
