import { describe, expect, test } from 'vitest';
import { closest } from './closest.js';

describe('closest', () => {
  test.each([
    ['prot', ['port', 'host'], 'port'],
    ['spce', ['spec', 'kind'], 'spec'],
    ['chekc', ['check', 'serve'], 'check'],
    ['recievers', ['receivers', 'route'], 'receivers'],
    ['Kind', ['kind'], 'kind'],
  ])('takes "%s" for the candidate that was meant', (word, candidates, meant) => {
    expect(closest(word, candidates)).toBe(meant);
  });

  test('says nothing when no candidate is near', () => {
    expect(closest('retention', ['port', 'host'])).toBeUndefined();
  });
});
