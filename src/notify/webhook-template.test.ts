import { describe, expect, test } from 'vitest';
import { sampleNotification } from './sample-delivery.js';
import { webhookBody } from './webhook-body.js';
import { renderBody, templateProblem } from './webhook-template.js';

const json = (text: string): { text: string; contentType: string } => ({ text, contentType: 'application/json' });
const CHAT = json('{"text": {{ (tocsin.incident.severity + ": " + tocsin.incident.title) | dump }}, "alerts": [{% for alert in alerts %}{{ alert.labels.alertname | dump }}{% if not loop.last %}, {% endif %}{% endfor %}]}');

test('a template sees what the usual body holds, and quotes what others wrote', () => {
  expect(templateProblem(CHAT)).toBeUndefined();
  const usual = webhookBody(sampleNotification('opened'), 0);
  expect(renderBody(CHAT, usual)).toEqual({ ok: true, value: '{"text": "page: Checkout works", "alerts": ["ErrorBudgetBurn"]}' });
  expect(templateProblem({ text: '{{ status }} {{ tocsin.incident.title }}', contentType: 'text/plain' })).toBeUndefined();
});

describe('a template is refused', () => {
  test.each([
    ['that calls functions', '{{ range(9) }}', 'function calls must not be used in a template'],
    ['that reaches for the inside of values', '{{ status.constructor }}', '"constructor" must not be used in a template'],
    ['that reads other files', '{% include "/etc/passwd" %}', 'include must not be used in a template'],
    ['that cannot be read', '{"a": {{ status }', 'line 1'],
    ['that makes no JSON', '{"text": {{ status }}}', 'JSON'],
    ['that quotes what others wrote by itself', '{"text": "{{ tocsin.incident.title }}"}', 'JSON'],
    ['that counts on what may be missing', '{"slo": {{ tocsin.budgets[0].slo | dump }}}', 'line 1'],
  ])('%s', (_name, text, words) => {
    expect(templateProblem(json(text))).toContain(words);
  });
});
