import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { adjustedCountOfTraceState } from '../src/trace/adjusted-count.js';
import { sample, type Candidate, type Sampling } from './sampling.js';

const QUARTER: Sampling = { rate: 0.25, keepErrors: false, keepSlowerThanNs: undefined };
const candidate = (more: Partial<Candidate> = {}): Candidate => ({ traceId: '0af7651916cd43dd8448eb211c80319c', remote: undefined, isError: false, durationNs: 1, ...more });
const traceIds = fc.array(fc.integer({ min: 0, max: 15 }), { minLength: 32, maxLength: 32 }).map((digits) => digits.map((digit) => digit.toString(16)).join(''));

function weight(traceState: string, traceId: string): number | undefined {
  const counted = adjustedCountOfTraceState(traceState, Buffer.from(traceId, 'hex'), 0);
  return counted.kind === 'known' ? counted.count : counted.kind === 'unsampled' ? 1 : undefined;
}

test('by default everything is sent and stands for itself, whatever was sampled before', () => {
  const all: Sampling = { rate: 1, keepErrors: true, keepSlowerThanNs: undefined };
  expect(sample(candidate(), all)).toEqual({ isKept: true, traceState: '', keptReason: undefined });
  expect(sample(candidate({ remote: { isSampled: false, traceState: 'a=1,ot=th:8;rv:12345678901234' } }), all)).toEqual({ isKept: true, traceState: 'ot=rv:12345678901234,a=1', keptReason: undefined });
});

describe('with a rate below one', () => {
  test('each kept span stands for as many as the rate says, as Tocsin reads it', () => {
    fc.assert(fc.property(traceIds, fc.double({ min: 0.01, max: 0.99, noNaN: true }), (traceId, rate) => {
      const { isKept, traceState } = sample(candidate({ traceId }), { ...QUARTER, rate });
      if (isKept) expect(weight(traceState, traceId)).toBeCloseTo(1 / rate, 0);
    }));
  });

  test('nodes agree, and a lower rate keeps a part of what a higher one keeps', () => {
    fc.assert(fc.property(traceIds, (traceId) => {
      if (sample(candidate({ traceId }), QUARTER).isKept) expect(sample(candidate({ traceId }), { ...QUARTER, rate: 0.5 }).isKept).toBe(true);
      expect(sample(candidate({ traceId }), QUARTER)).toEqual(sample(candidate({ traceId, durationNs: 5 }), QUARTER));
    }));
  });

  test('a quarter is a quarter', () => {
    let kept = 0;
    for (let index = 0; index < 4_096; index += 1) if (sample(candidate({ traceId: `${'0'.repeat(18)}${(index << 4).toString(16).padStart(4, '0')}${'0'.repeat(10)}` }), QUARTER).isKept) kept += 1;
    expect(kept).toBe(1_024);
  });

  test('the context that came in decides, with its own weight', () => {
    expect(sample(candidate({ remote: { isSampled: true, traceState: 'ot=th:8' } }), { ...QUARTER, rate: 0 })).toMatchObject({ isKept: true, traceState: 'ot=th:8' });
    expect(sample(candidate({ remote: { isSampled: false, traceState: '' } }), { ...QUARTER, rate: 0.99 }).isKept).toBe(false);
  });

  test('errors and slow requests are all kept, so each stands for itself; beyond the rate they say why', () => {
    fc.assert(fc.property(traceIds, fc.boolean(), (traceId, isError) => {
      const sampling: Sampling = { rate: 0.25, keepErrors: true, keepSlowerThanNs: 1_000 };
      const { isKept, traceState, keptReason } = sample(candidate({ traceId, isError, durationNs: 1_000 }), sampling);
      expect(isKept).toBe(true);
      expect(weight(traceState, traceId)).toBe(1);
      const within = sample(candidate({ traceId }), QUARTER).isKept;
      expect(keptReason).toBe(within ? undefined : isError ? 'error' : 'slow');
    }));
  });
});
