import type { PageRenderer } from './page-renderer.js';
import type { UiOptions } from './ui-options.js';

export type PageSection = 'overview' | 'incidents' | 'traces' | 'services' | 'map' | 'signatures' | 'ingest' | 'quality';

export interface Page {
  readonly title: string;
  readonly section: PageSection;
  /** Seconds between refreshes in place; none where a person reads or types. */
  readonly refreshSeconds?: number;
  readonly [member: string]: unknown;
}

/** Renders a page of the site: what every page needs is added here. */
export function renderPage(renderer: PageRenderer, options: UiOptions, page: Page & { readonly template: string }): string {
  return renderer.render(page.template, {
    ...page,
    nowMs: options.readers.clock.nowMs(),
    canLogOut: options.access.tokensRequired,
    otlp: options.otlp,
  });
}

/** What a range link of a chart says and asks for. */
export const RANGES = ['1h', '6h', '1d', '7d', '30d'] as const;

/** Lengths of time that pages about services offer. */
export const SERVICE_RANGES = ['15m', '1h', '6h', '1d', '7d'];
