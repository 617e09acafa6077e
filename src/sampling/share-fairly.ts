export interface Claim {
  readonly demand: number;
  /** Who has twice the weight gets twice as much, until it has all it asks for. */
  readonly weight: number;
}

/** Max-min fairness: nobody gets more than it asks for, and what small ones leave the large ones share by weight. Gives as much as there is. */
export function shareFairly(claims: readonly Claim[], amount: number): readonly number[] {
  const shares = claims.map(() => 0);
  const order = claims.map((claim, index) => ({ ...claim, index })).filter(({ demand, weight }) => demand > 0 && weight > 0).sort((left, right) => left.demand / left.weight - right.demand / right.weight);
  let left = Math.max(0, amount);
  let weights = order.reduce((sum, { weight }) => sum + weight, 0);
  for (const { demand, weight, index } of order) {
    const share = weights > 0 ? Math.min(demand, (left * weight) / weights) : 0;
    shares[index] = share;
    left -= share;
    weights -= weight;
  }
  return shares;
}
