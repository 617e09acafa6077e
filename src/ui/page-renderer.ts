import { fileURLToPath } from 'node:url';
import nunjucks from 'nunjucks';
import { formatDuration } from '../lib/duration.js';
import { formatBurn, formatLatency, formatPercent, formatSpan, formatTime } from '../lib/format.js';
import { assetUrl } from './fs-assets.js';
import { counted, formatRate, formatRelative } from './words.js';

const TEMPLATES = fileURLToPath(new URL('./templates', import.meta.url));

/** Renders a template with everything escaped; only what a template marks as safe (rendered Markdown) is not. */
export class PageRenderer {
  readonly #environment: nunjucks.Environment;

  constructor() {
    this.#environment = new nunjucks.Environment(new nunjucks.FileSystemLoader(TEMPLATES), { autoescape: true, trimBlocks: true, lstripBlocks: true });
    const filters = {
      percent: known((value, digits) => formatPercent(value, digits)),
      span: known(formatSpan), latency: known((ns) => (ns < 0 ? `-${formatLatency(-ns)}` : formatLatency(ns))), burn: known(formatBurn), time: known(formatTime), rate: known(formatRate), duration: known(formatDuration),
      clock: known((timeMs) => formatTime(timeMs).slice(11)),
      iso: known((timeMs) => new Date(timeMs).toISOString()),
      whole: known((value) => Math.round(value).toLocaleString('en-US')),
      fixed: known((value, digits) => value.toFixed(digits ?? 2)),
    };
    for (const [name, filter] of Object.entries(filters)) this.#environment.addFilter(name, filter);
    this.#environment.addFilter('relative', (timeMs: number, nowMs: number) => formatRelative(timeMs, nowMs));
    this.#environment.addFilter('counted', (count: number, noun: string) => counted(count, noun));
    this.#environment.addFilter('asset', assetUrl);
    this.#environment.addFilter('json', jsonText);
  }

  render(template: string, model: Readonly<Record<string, unknown>>): string {
    return this.#environment.render(`${template}.njk`, model);
  }
}

/** JSON as the text of an element, its markup escaped as JSON does it; each of its quotes would be six characters else. */
function jsonText(json: string): nunjucks.runtime.SafeString {
  return new nunjucks.runtime.SafeString(json.replace(/[<>&]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`));
}

/** Unknown numbers are shown as a dash, never as 0 or NaN. */
function known(format: (value: number, digits?: number) => string): (value: unknown, digits?: number) => string {
  return (value, digits) => (typeof value === 'number' && Number.isFinite(value) ? format(value, digits) : '–');
}
