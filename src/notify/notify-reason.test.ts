import { expect, test } from 'vitest';
import type { AlertId } from '../lib/ids.js';
import type { ToldState } from './notification-group.js';
import { notifyReason, type NotifyReason } from './notify-reason.js';

const NOW_MS = 10_000_000;
const REPEAT_MS = 60_000;
const ids = (text: string): AlertId[] => text.split('').map((letter) => letter as AlertId);
const set = (text = ''): Set<AlertId> => new Set(ids(text));

interface Case {
  /** `AB/c 30`: A and B firing, c ended, told so many seconds ago; undefined: never told. */
  readonly told?: string;
  readonly firing?: string;
  readonly resolved?: string;
  readonly mutedButTold?: string;
  readonly unmuted?: string;
  readonly sendResolved?: boolean;
  readonly reason: NotifyReason;
}

function told(text: string | undefined): ToldState | undefined {
  if (text === undefined) return undefined;
  const [, firing = '', resolved = '', seconds = '0'] = /^(\w*)\/(\w*) (\d+)$/.exec(text) ?? [];
  return { firing: ids(firing), resolved: ids(resolved), atMs: NOW_MS - Number(seconds) * 1_000, conversation: 'c' };
}

/** Alertmanager's TestDedupStageNeedsUpdate (notify_test.go), and what Tocsin adds. */
test.each<Case>([
  { reason: 'none' },
  { firing: 'ABC', reason: 'first notification' },
  { resolved: 'A', reason: 'none' },
  { told: 'ABC/ 0', firing: 'ABC', reason: 'none' },
  { told: 'A/ 0', firing: 'AB', reason: 'new alerts added' },
  { told: '/ 0', firing: 'A', reason: 'first notification' },
  { told: '/ 0', reason: 'none' },
  { told: 'A/ 59', firing: 'A', reason: 'none' },
  { told: 'A/ 60', firing: 'A', reason: 'none' },
  { told: 'A/ 61', firing: 'A', reason: 'repeat interval elapsed' },
  { told: 'AB/ 0', firing: 'A', resolved: 'B', sendResolved: true, reason: 'some alerts resolved' },
  { told: 'AB/ 0', firing: 'A', resolved: 'B', sendResolved: false, reason: 'none' },
  { told: 'AB/ 61', firing: 'A', resolved: 'B', sendResolved: false, reason: 'repeat interval elapsed' },
  { told: 'A/B 0', firing: 'A', resolved: 'B', sendResolved: true, reason: 'none' },
  { told: 'AB/ 0', resolved: 'AB', sendResolved: true, reason: 'all alerts resolved' },
  // Also without send_resolved: what was told is to be forgotten.
  { told: 'AB/ 0', resolved: 'AB', sendResolved: false, reason: 'all alerts resolved' },
  { told: '/AB 0', resolved: 'AB', sendResolved: true, reason: 'none' },
  // Fired and ended within one interval: nobody knows of it.
  { told: '/ 0', resolved: 'AB', sendResolved: true, reason: 'none' },
  // Tocsin: a silence does not end anything.
  { told: 'A/ 61', mutedButTold: 'A', reason: 'none' },
  { told: 'AB/ 0', mutedButTold: 'A', resolved: 'B', sendResolved: true, reason: 'some alerts resolved' },
  { told: 'A/ 0', firing: 'A', unmuted: 'A', reason: 'mute ended' },
  { firing: 'A', unmuted: 'A', reason: 'first notification' },
])('told $told, firing "$firing", ended "$resolved", silenced "$mutedButTold": $reason', ({ reason, sendResolved = true, ...view }) => {
  const seen = { firing: set(view.firing), resolved: set(view.resolved), mutedButTold: set(view.mutedButTold), unmuted: set(view.unmuted) };
  expect(notifyReason(told(view.told), seen, { nowMs: NOW_MS, repeatIntervalMs: REPEAT_MS, sendResolved })).toBe(reason);
});
