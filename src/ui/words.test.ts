import { expect, test } from 'vitest';
import { integrationInWords } from './words.js';

test.each([['slack[0]', 'by Slack'], ['webhook[1]', 'by webhook 2'], ['pagerduty[0]', 'by PagerDuty'], ['carrier-pigeon[0]', 'by carrier-pigeon[0]'], ['sms', 'by sms']])('the integration %s is read as: %s', (name, words) => {
  expect(integrationInWords(name)).toBe(words);
});
