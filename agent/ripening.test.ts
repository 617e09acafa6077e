import { expect, test } from 'vitest';
import { Ripening } from './ripening.js';
import type { SpanNode } from './span-node.js';

test('what there is no room for is told before its other end can be heard, and counted', () => {
  const counters = { parentLimit: 0 };
  let told = 0;
  const ripening = new Ripening({ isSettled: () => false, tell: () => { told += 1; }, counters });
  for (let index = 0; index < 16_384; index += 1) ripening.finished({} as SpanNode);
  expect({ told, ...counters }).toEqual({ told: 0, parentLimit: 0 });
  ripening.finished({} as SpanNode);
  expect({ told, ...counters }).toEqual({ told: 1, parentLimit: 1 });
});
