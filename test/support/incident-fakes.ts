import type { Evidence } from '../../src/diagnosis/evidence.js';
import type { PatternFinding } from '../../src/diagnosis/pattern/pattern.js';
import type { Snapshot } from '../../src/diagnosis/snapshot.js';
import { MINUTE_MS } from '../../src/lib/duration.js';

/** One that explains the incident, and one that does not. */
export function patterns(shownBy: PatternFinding['traces'][number]): readonly PatternFinding[] {
  const found = (about: Pick<PatternFinding, 'kind' | 'service' | 'words' | 'affected' | 'healthyAffected' | 'explains'>): PatternFinding => ({
    operation: 'POST /charge', of: 57, healthyOf: 60, costNs: 120e6, traces: [shownBy], ...about,
  });
  return [
    found({ kind: 'third-party', service: 'payment', words: 'Calls from payment to pay.example.com fail (HTTP 503); pay.example.com sends no spans of its own', affected: 41, healthyAffected: 1, explains: true }),
    found({ kind: 'n-plus-one', service: 'stock', words: 'stock GET /stock asks postgresql the same 12 times, one after the other (SELECT * FROM items WHERE id = ?): 24 ms of the request', affected: 20, healthyAffected: 21, explains: false }),
  ];
}

/** A deployment, and failures four minutes after it. */
export function snapshot(beganMs: number): Snapshot {
  const minute = Math.floor(beganMs / MINUTE_MS);
  const change = { id: 'ci-42', kind: 'deployment', atMs: beganMs - 4 * MINUTE_MS, service: 'payment', version: '2.3', previous: '2.2', title: 'new bank client', by: 'ci', beforeMs: 4 * MINUTE_MS, difference: '2.3 against 2.2: payment POST /charge fails more often (82 % against 0.1 %).' } as const;
  return {
    onset: { minute, earliest: minute, latest: minute + 1, before: 0.001, after: 0.34 }, suspect: change, changes: [change],
    minutes: { from: minute - 30, good: Array.from({ length: 36 }, (_, index) => (index < 30 ? 60 : 40)), bad: Array.from({ length: 36 }, (_, index) => (index < 30 ? 0 : 20)) },
    graph: [{ client: 'checkout', server: 'payment', kind: 'call', calls: 412, failed: 120, meanNs: 81e6 }, { client: 'payment', server: 'pay.example.com', kind: 'external', calls: 412, failed: 120, meanNs: 64e6 }],
  };
}

export function explainedBy(): NonNullable<Evidence['explainedBy']> {
  const reason = '41 of 50 requests of payment POST /charge failed';
  return {
    operations: [{ service: 'payment', operation: 'POST /charge', score: 88.1, strength: 'strong', reason }],
    resources: [{ attribute: 'k8s.pod.name', value: 'payment-7f', services: ['payment'], score: 80.2, strength: 'strong', reason: `41 of 41 affected requests of payment were served by k8s.pod.name=payment-7f (2 of 60 others of the same operations): ${reason}`, same: [] }],
  };
}
