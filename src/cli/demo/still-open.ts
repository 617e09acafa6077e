import type { IncidentSummary } from './page-watch.js';
import type { Act } from './script.js';

/** An act that was played, and the pages that came because of it. */
export interface PlayedAct {
  readonly act: Act;
  readonly pages: readonly { readonly incident: IncidentSummary }[];
}

/** A fault that comes round again while the incident of its last time is open: nobody is paged a second time for it, and the story says why. */
export function stillOpenLines(act: Act, before: readonly PlayedAct[], over: ReadonlySet<string>): readonly string[] {
  const open = before.filter((each) => each.act.pages && each.act.title === act.title).flatMap(({ pages }) => pages).filter(({ incident }) => !over.has(incident.id));
  return open.map(({ incident }) => `          still open from the last time: ${incident.id}, ${incident.title}. This fault is told there, without a new page; resolve it to be paged anew.`);
}
