/** Relative precision at which the continued fraction stops. */
const PRECISION = 1e-14;
const TINY = 1e-300;
/** Effective counts below this are rounding, not events. */
const NO_COUNT = 1e-9;
/** The fraction needs about √max(a, b) steps; the normal approximation takes over long before this many. */
const MAX_STEPS = 20_000;
/** Variance from which the normal approximation is exact enough for a gate at 0.001 (its skew is below 0.4 %). */
const NORMAL_VARIANCE = 100_000;

/**
 * P(X ≥ k) for X ~ Binomial(n, p), as the regularised incomplete beta function I_p(k, n - k + 1) (Abramowitz & Stegun 26.5.24).
 * k and n need not be whole: effective counts of weighted events are not, and the beta function interpolates.
 */
export function binomialTail(k: number, n: number, p: number): number {
  if (k < NO_COUNT) return 1;
  if (k > n || p <= 0) return 0;
  if (p >= 1) return 1;
  const variance = n * p * (1 - p);
  if (variance > NORMAL_VARIANCE) return normalTail((k - 0.5 - n * p) / Math.sqrt(variance));
  return regularisedBeta(p, k, n - k + 1);
}

/** I_x(a, b), by Lentz's continued fraction (Numerical Recipes §6.4). */
export function regularisedBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x));
  return x < (a + 1) / (a + b + 2) ? clamp((front * betaFraction(x, a, b)) / a) : clamp(1 - (front * betaFraction(1 - x, b, a)) / b);
}

function betaFraction(x: number, a: number, b: number): number {
  let c = 1;
  let d = 1 / awayFromZero(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let step = 1; step <= MAX_STEPS; step += 1) {
    const even = (step * (b - step) * x) / ((a + 2 * step - 1) * (a + 2 * step));
    d = 1 / awayFromZero(1 + even * d);
    c = awayFromZero(1 + even / c);
    fraction *= d * c;
    const odd = (-(a + step) * (a + b + step) * x) / ((a + 2 * step) * (a + 2 * step + 1));
    d = 1 / awayFromZero(1 + odd * d);
    c = awayFromZero(1 + odd / c);
    fraction *= d * c;
    if (Math.abs(d * c - 1) < PRECISION) break;
  }
  return fraction;
}

function awayFromZero(value: number): number {
  return Math.abs(value) < TINY ? TINY : value;
}

function clamp(probability: number): number {
  return Math.min(1, Math.max(0, probability));
}

const LANCZOS = [
  0.999999999999809932, 676.520368121885098, -1259.139216722402871, 771.323428777653079, -176.615029162140599,
  12.507343278686905, -0.138571095265720117, 9.984369578019571e-6, 1.505632735149311e-7,
] as const;

/** ln Γ(x) for x > 0 (Lanczos, g = 7, n = 9): 15 digits. */
export function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  let series: number = LANCZOS[0];
  for (let index = 1; index < LANCZOS.length; index += 1) series += (LANCZOS[index] ?? 0) / (x - 1 + index);
  const base = x + 6.5;
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(base) - base + Math.log(series);
}

/** P(Z ≥ z) of the standard normal distribution (Numerical Recipes §6.2, relative error 1.2e-7). */
export function normalTail(z: number): number {
  const size = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + 0.5 * size);
  const series = [-1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223, 0.17087277];
  const polynomial = series.reduceRight((sum, coefficient) => sum * t + coefficient, 0);
  const tail = 0.5 * t * Math.exp(-size * size + polynomial);
  return z >= 0 ? tail : 1 - tail;
}
