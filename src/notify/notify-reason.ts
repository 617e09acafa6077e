import type { AlertId } from '../lib/ids.js';
import type { ToldState } from './notification-group.js';

/** Alertmanager's own words (notify.go), and one of ours: it has no word for a silence that ends. */
export type NotifyReason = 'first notification' | 'new alerts added' | 'some alerts resolved' | 'all alerts resolved' | 'repeat interval elapsed' | 'mute ended' | 'none';

export interface GroupView {
  /** Firing and not muted: what may be told. */
  readonly firing: ReadonlySet<AlertId>;
  /** Firing, muted, and told before: the receiver still thinks of them as firing, and is right. */
  readonly mutedButTold: ReadonlySet<AlertId>;
  readonly resolved: ReadonlySet<AlertId>;
  /** Of `firing`: those whose silence or mute time has just ended. */
  readonly unmuted: ReadonlySet<AlertId>;
}

export interface DedupOptions {
  readonly nowMs: number;
  readonly repeatIntervalMs: number;
  readonly sendResolved: boolean;
}

/** Whether there is anything to tell an integration, in the order of Alertmanager's DedupStage. */
export function notifyReason(told: ToldState | undefined, view: GroupView, options: DedupOptions): NotifyReason {
  const { firing, mutedButTold, resolved, unmuted } = view;
  if (told === undefined || (told.firing.length === 0 && firing.size > 0)) return firing.size > 0 ? 'first notification' : 'none';
  if (unmuted.size > 0) return 'mute ended';
  if (!isSubset(firing, told.firing)) return 'new alerts added';
  if (firing.size === 0 && mutedButTold.size === 0) return told.firing.length > 0 ? 'all alerts resolved' : 'none';
  if (options.sendResolved && !isSubset(resolved, told.resolved)) return 'some alerts resolved';
  return firing.size > 0 && told.atMs < options.nowMs - options.repeatIntervalMs ? 'repeat interval elapsed' : 'none';
}

function isSubset(part: ReadonlySet<AlertId>, whole: readonly AlertId[]): boolean {
  if (part.size === 0) return true;
  const known = new Set(whole);
  for (const id of part) if (!known.has(id)) return false;
  return true;
}
