import type { PageRenderer } from './page-renderer.js';
import type { UiOptions } from './ui-options.js';

export type PageSection = 'overview' | 'incidents' | 'traces' | 'services' | 'map' | 'signatures' | 'ingest' | 'quality' | 'api';

export interface Page {
  readonly template: string;
  readonly title: string;
  readonly section: PageSection;
  /** Seconds between refreshes in place; none where a person reads or types. */
  readonly refreshSeconds?: number;
  readonly [member: string]: unknown;
}

/** What a controller of pages is given: what it may read and ask for, and how a page is made of it. */
export interface Site extends UiOptions {
  /** A page in the frame of the site: what every page needs is added here. */
  render(page: Page): string;
  /** A template by itself: a part of a page, or a page outside of the frame. */
  renderAlone(template: string, model: Readonly<Record<string, unknown>>): string;
}

export const SITE = Symbol('Site');

export function siteOf(options: UiOptions, renderer: PageRenderer): Site {
  return {
    ...options,
    render: (page) => renderer.render(page.template, { ...page, refusals: options.ruleProblems().filter(({ level }) => level === 'error'), nowMs: options.readers.clock.nowMs(), canLogOut: options.access.tokensRequired, otlp: options.otlp }),
    renderAlone: (template, model) => renderer.render(template, model),
  };
}
