import { expect, test } from 'vitest';
import { timesInWords } from './message-parts.js';

test('how often an error was seen is said in words; what was seen in part was seen once', () => {
  expect([0.2, 1, 1.4, 2, 1_204].map(timesInWords)).toEqual(['once', 'once', 'once', '2 times', '1,204 times']);
});
