import type { Clock } from './clock.js';

export const systemClock: Clock = { nowMs: () => Date.now() };
