import { expect, test } from 'vitest';
import type { TrackedSignature } from '../signature/tracked-signature.js';
import { newSignatures } from './duckdb-quality-surroundings.js';

const seen = (id: string, firstSeenMs: number, { wasThere = false, total = 1 } = {}): TrackedSignature => ({ id, firstSeenMs, wasThere, total, type: 'E', message: '', service: 'cart', operation: 'GET /', firstTraceId: '' }) as unknown as TrackedSignature;

test('errors of the first hour of a Tocsin are told as well, last, as errors that may be older', () => {
  const all = [seen('first hour', 20, { wasThere: true, total: 90 }), seen('rare', 30), seen('frequent', 40, { total: 5 }), seen('before', 9), seen('after', 50)];
  expect(newSignatures(all, { fromMs: 10, toMs: 50 }).map(({ id, isMaybeOlder }) => [id, isMaybeOlder])).toEqual([['frequent', false], ['rare', false], ['first hour', true]]);
});
