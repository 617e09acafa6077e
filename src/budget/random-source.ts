/** Numbers that look random and are the same for the same seed: for simulations. */
export interface RandomSource {
  /** In [0, 1). */
  next(): number;
  /** How many of `n` independent events of probability `p` happen. */
  binomial(n: number, p: number): number;
  poisson(mean: number): number;
}

/** Mulberry32: small, fast, good enough to place errors. */
export function randomOf(seed: number): RandomSource {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return { next, binomial: (n, p) => binomial(next, { n, p }), poisson: (mean) => poisson(next, mean) };
}

/** By waiting times between successes: costs as many draws as there are successes. */
function binomial(next: () => number, { n, p }: { readonly n: number; readonly p: number }): number {
  if (p <= 0) return 0;
  if (p >= 1) return n;
  let successes = 0;
  const logFailure = Math.log1p(-p);
  for (let trial = Math.floor(Math.log(1 - next()) / logFailure); trial < n; trial += 1 + Math.floor(Math.log(1 - next()) / logFailure)) successes += 1;
  return successes;
}

/** Knuth's product of uniforms; for means up to some hundreds. */
function poisson(next: () => number, mean: number): number {
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = next(); product > limit; product *= next()) count += 1;
  return count;
}
