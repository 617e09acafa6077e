/** A small seeded source of randomness (mulberry32), so that a run can be repeated by its seed. */
export function createRandom(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  return {
    /** A whole number from 0 to below `end`. */
    below: (end) => (end <= 1 ? 0 : next() % end),
    pick: (list) => list[next() % list.length],
    chance: (oneIn) => next() % oneIn === 0,
  };
}
