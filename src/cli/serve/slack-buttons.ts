import type { Logger } from 'pino';
import type { Settings } from '../../config/settings.js';
import { HOUR_MS } from '../../lib/duration.js';
import { readInternalTargets } from '../../lib/internal-targets.js';
import { systemClock } from '../../lib/system-clock.js';
import { guardedPost, systemResolver } from '../../notify/http-guarded-post.js';
import type { SlackButtonsOptions } from '../../notify/slack-buttons.controller.js';
import { carryOut, type PressPorts } from '../../notify/slack-presses.js';
import type { Press } from '../../notify/slack-press.js';
import { SlackApi } from '../../notify/slack-api.js';
import { SlackSignatures } from '../../notify/slack-signature.js';
import { UrlGuard } from '../../notify/url-guard.js';
import { SlackSocket } from '../../notify/slack-socket.js';
import type { PrometheusMetrics } from '../../pipeline/prometheus-metrics.js';
import type { Judgement } from './judgement.js';

/** The engine as the buttons in Slack ask it. */
export function slackButtons(judgement: Judgement, settings: Settings, log: Logger): SlackButtonsOptions {
  const { signingSecret } = settings.slack;
  return {
    signatures: signingSecret === undefined ? undefined : new SlackSignatures(signingSecret), clock: systemClock, ports: pressPorts(judgement, settings, log),
    onError: (error) => log.error({ err: error }, 'what was pressed in Slack could not be done'),
  };
}

/** Buttons by Socket Mode; undefined without the app's own token. What is pressed is done as if it had come over HTTP. */
export function slackSocket({ ports, onError }: SlackButtonsOptions, { slack: { appToken, apiUrl } }: Settings, parts: { readonly log: Logger; readonly metrics: PrometheusMetrics }): SlackSocket | undefined {
  if (appToken === undefined) return undefined;
  const api = new SlackApi({ token: appToken, ...(apiUrl === undefined ? {} : { apiUrl }) });
  const socket = new SlackSocket({
    open: () => api.call('apps.connections.open', {}),
    isPlain: apiUrl?.startsWith('http:') === true,
    onPress: (press) => void carryOut(press, ports).catch(onError),
    onTrouble: ({ reason, isFinal }) => {
      if (isFinal) parts.log.error({ reason }, 'Slack does not take the connection for its buttons; trying again every minute');
      else parts.log.warn({ reason }, 'the connection for buttons in Slack is away, trying again');
    },
  });
  parts.metrics.addSource({ name: 'tocsin_slack_socket_connected', help: '1 while Slack\'s buttons reach Tocsin by Socket Mode, else 0.', type: 'gauge', labelNames: [], collect: () => [{ labels: {}, value: Number(socket.isConnected) }] });
  return socket;
}

function pressPorts({ engine, rules }: Judgement, settings: Settings, log: Logger): PressPorts {
  const now = (): number => systemClock.nowMs();
  return {
    incidents: async () => [...new Map([...(await engine.picture(now())).view.alerts.values()].filter(({ incident }) => incident.status !== 'resolved').map(({ incident }) => [incident.id, incident])).values()],
    persons: () => rules.book.persons,
    acknowledge: (id, who) => engine.acknowledge(id, who, now()),
    resolve: (id, who) => engine.resolve(id, who, now()),
    silence: (id, who) => engine.silenceIncident(id, { durationMs: HOUR_MS, comment: 'silenced in Slack', createdBy: who }, now()),
    whisper: whisperer(settings, log),
  };
}

/** Answers where the press says, if that is a place to answer at; else by the Web API, which needs the app in the channel. */
function whisperer({ slack: { token, apiUrl }, allowInternalTargets }: Settings, log: Logger): PressPorts['whisper'] {
  const allowed = readInternalTargets(allowInternalTargets);
  const guard = allowed.ok ? new UrlGuard(allowed.value, systemResolver) : undefined;
  const api = token === undefined ? undefined : new SlackApi({ token, ...(apiUrl === undefined ? {} : { apiUrl }) });
  return async ({ channel, user, responseUrl }: Press, text) => {
    const refused = responseUrl === undefined || guard === undefined ? 'the press names no address' : await guardedPost(guard, { url: responseUrl, body: { response_type: 'ephemeral', replace_original: false, text } });
    if (refused === undefined) return;
    const answer = await api?.call('chat.postEphemeral', { channel, user, text });
    if (answer?.ok !== true) log.warn({ address: refused, failure: answer?.failure }, 'an answer to a press in Slack could not be shown');
  };
}
