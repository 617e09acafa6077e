import { expect, test } from 'vitest';
import { renderMarkdown } from './markdown.js';

test('a runbook keeps its structure, below the headings of the page', () => {
  const html = renderMarkdown('# Title\n\n## Check\n\n- `kubectl get pods`\n- [Status](https://status.example)');
  expect(html).toContain('<h3>Title</h3>');
  expect(html).toContain('<h4>Check</h4>');
  expect(html).toContain('<code>kubectl get pods</code>');
  expect(html).toContain('<a href="https://status.example">Status</a>');
});

test('a runbook whose title stands elsewhere begins with the same heading: no level is left out', () => {
  expect(renderMarkdown('## Check\n\n### One\n\n#### Two')).toBe('<h3>Check</h3>\n<h4>One</h4>\n<h5>Two</h5>\n');
});

test('an image is a link to it: nothing is fetched from elsewhere', () => {
  expect(renderMarkdown('![x](https://elsewhere.example/pixel.gif)')).toBe('<p>!<a href="https://elsewhere.example/pixel.gif">x</a></p>\n');
});

test.each([
  '<script>alert(1)</script>', '<img src=x onerror=alert(1)>', '[x](javascript:alert(1))', '[x](data:text/html,<script>)', '[x](//evil.example)', '<a href="javascript:alert(1)">x</a>', '[x](vbscript:x)',
])('%s does nothing', (text) => {
  expect(renderMarkdown(text)).not.toMatch(/<script|<img|<a /);
});
