// SLOs with the workbook's four tiers and a traffic that looks like a shop's: daily swing, a base of errors, now and then an outage.
const dist = process.env.TOCSIN_BENCH_DIST ?? new URL('../../dist', import.meta.url).href;
const { buildSlo } = await import(`${dist}/budget/slo-builder.js`);

export const MONTH_MINUTES = 30 * 1_440;

export function measuredSlos(count) {
  return Array.from({ length: count }, (_, index) => ({ slo: buildSlo({ name: `slo-${index}`, service: `service-${index % 50}` }), sliceKey: `slo-${index}@bench` }));
}

/** Events of one minute of one SLO, the same at every run. */
export function eventsOf(index, minute) {
  const mixed = Math.imul(minute ^ Math.imul(index + 1, 0x9e3779b1), 0x85ebca6b) >>> 0;
  const total = Math.round(60 + 40 * Math.sin((2 * Math.PI * minute) / 1_440) + (mixed % 17));
  const outage = (minute + index * 977) % 14_400 < 12;
  const bad = outage ? Math.round(total / 4) : mixed % 97 === 0 ? 1 : 0;
  return { good: total - bad, bad };
}
