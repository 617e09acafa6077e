/**
 * What Slack accepts. Sources: Block Kit reference (docs.slack.dev/reference/block-kit/blocks), @slack/types,
 * and slackapi/bolt-js#2509 for the total, which is not documented: about 13,200 characters fail with msg_blocks_too_long.
 */
export const BLOCKS_MAX = 50;
export const SECTION_TEXT_MAX = 3_000;
export const HEADER_TEXT_MAX = 150;
export const CONTEXT_ELEMENTS_MAX = 10;
export const ACTIONS_ELEMENTS_MAX = 25;
export const BUTTON_TEXT_MAX = 75;
export const BUTTON_VALUE_MAX = 2_000;
export const URL_MAX = 3_000;
export const TEXT_MAX = 40_000;
/** Where Slack was seen to refuse. */
export const BLOCKS_TEXT_REFUSED = 13_200;
/** Where Tocsin stops. */
export const BLOCKS_TEXT_MAX = 12_000;
