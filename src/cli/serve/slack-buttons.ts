import type { Logger } from 'pino';
import type { Settings } from '../../config/settings.js';
import { HOUR_MS } from '../../lib/duration.js';
import { systemClock } from '../../lib/system-clock.js';
import type { SlackButtonsOptions } from '../../notify/slack-buttons.controller.js';
import { SlackApi } from '../../notify/slack-api.js';
import { SlackSignatures } from '../../notify/slack-signature.js';
import type { Judgement } from './judgement.js';

/** The engine as the buttons in Slack ask it. */
export function slackButtons({ engine, rules }: Judgement, { slack }: Settings, log: Logger): SlackButtonsOptions {
  const { signingSecret, token, apiUrl } = slack;
  const now = (): number => systemClock.nowMs();
  const api = token === undefined ? undefined : new SlackApi({ token, ...(apiUrl === undefined ? {} : { apiUrl }) });
  return {
    signatures: signingSecret === undefined ? undefined : new SlackSignatures(signingSecret),
    clock: systemClock,
    onError: (error) => log.error({ err: error }, 'what was pressed in Slack could not be done'),
    ports: {
      incidents: async () => [...new Map([...(await engine.picture(now())).view.alerts.values()].filter(({ incident }) => incident.status !== 'resolved').map(({ incident }) => [incident.id, incident])).values()],
      persons: () => rules.book.persons,
      acknowledge: (id, who) => engine.acknowledge(id, who, now()),
      resolve: (id, who) => engine.resolve(id, who, now()),
      silence: (id, who) => engine.silenceIncident(id, { durationMs: HOUR_MS, comment: 'silenced in Slack', createdBy: who }, now()),
      whisper: async ({ channel, user }, text) => {
        const answer = await api?.call('chat.postEphemeral', { channel, user, text });
        if (answer?.ok === false) log.warn({ failure: answer.failure }, 'an answer to a press in Slack could not be shown');
      },
    },
  };
}
