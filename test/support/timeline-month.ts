import { WORKBOOK_POLICY } from '../../src/budget/slo-builder.js';
import { MINUTE_MS } from '../../src/lib/duration.js';
import { Timeline } from './timeline.js';
import { availability } from './timeline-rules.js';

export interface Service {
  readonly service: string;
  readonly perMinute: number;
  readonly target: number;
  readonly daily?: boolean;
}

/**
 * Thirty days of services under the workbook's whole policy. Each fails at half of what its budget allows, one request
 * independent of the other. Ticks are a minute apart; a failure that crosses a threshold asks for its own, as always.
 */
export function month(services: readonly Service[], seed: number): Timeline {
  const slos = services.map(({ service, target }) => availability(service, { target, policy: WORKBOOK_POLICY }));
  const story = new Timeline({ slos, tickMs: MINUTE_MS, exportMs: MINUTE_MS, seed });
  for (const { target, ...traffic } of services) story.at('00:00').traffic({ ...traffic, errorRatio: (1 - target) / 2 });
  return story;
}
