import type { DeliveryResult } from './delivery.js';

/** Errors of Slack's own making, after which the call may or may not have been carried out (docs.slack.dev, errors common to all methods). */
const TEMPORARY = new Set(['internal_error', 'fatal_error', 'request_timeout', 'service_unavailable', 'ratelimited', 'rate_limited', 'team_added_to_org', 'accesslimited']);
/** The message as it stands cannot be edited any more. */
const PARENT_GONE = new Set(['message_not_found', 'cant_update_message', 'edit_window_closed', 'is_inactive', 'thread_not_found']);
/** The blocks were not to Slack's liking; the text alone still says it. */
const BLOCKS_REFUSED = new Set(['invalid_blocks', 'invalid_blocks_format', 'msg_blocks_too_long', 'msg_too_long', 'block_mismatch']);

const WHAT_TO_DO: Readonly<Record<string, string>> = {
  invalid_auth: 'the token is not valid; set TOCSIN_SLACK_TOKEN to the bot token of your Slack app',
  not_authed: 'no token was sent; set TOCSIN_SLACK_TOKEN to the bot token of your Slack app',
  token_revoked: 'the token was revoked; set TOCSIN_SLACK_TOKEN to a new one',
  account_inactive: 'the app was removed from the workspace; install it again',
  channel_not_found: 'no such channel, or the app cannot see it; check routing.yaml and invite the app into the channel',
  not_in_channel: 'the app is not in the channel; invite it there',
  is_archived: 'the channel is archived; name another one in routing.yaml',
  missing_scope: 'the app lacks a scope; give it chat:write',
  restricted_action: 'the workspace does not allow this app to post there; ask a workspace admin',
};

export function parentIsGone(error: string): boolean {
  return PARENT_GONE.has(error);
}

export function blocksWereRefused(error: string): boolean {
  return BLOCKS_REFUSED.has(error);
}

/** Slack's word, with what to do about it. */
export function refusalResult(error: string, channel: string): DeliveryResult {
  if (TEMPORARY.has(error)) return { kind: 'retryable', reason: `Slack answered ${error}`, retryAfterMs: undefined, ambiguous: !error.startsWith('rate') };
  const advice = WHAT_TO_DO[error];
  return { kind: 'rejected', reason: `Slack refused the message to ${channel}: ${error}${advice === undefined ? '' : ` (${advice})`}` };
}
