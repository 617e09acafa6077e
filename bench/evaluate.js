// One tick over 30 days of minute slices: `npm run bench:evaluate`. Slices are in memory, as the service holds them; a commit has just
// added to every SLO, so nothing that a tick may remember of the last one is free.
import { SliceIndex } from '../dist/budget/slice-index.js';
import { CoverageIndex } from '../dist/budget/coverage-index.js';
import { evaluate } from '../dist/pipeline/evaluate.js';
import { MONTH_MINUTES, eventsOf, measuredSlos } from './lib/measured-slos.js';

const START_MINUTE = Math.floor(Date.UTC(2026, 9, 20) / 60_000);
const TICKS = 30;

/** Groups of one SLO share its events. */
function keysOf({ sliceKey }, groups) {
  return [sliceKey, ...Array.from({ length: groups }, (_, group) => `${sliceKey} {"region":"r${group}"}`)];
}

/** Every five SLOs are parts of a composite objective. */
function compositesOf(slos) {
  return Array.from({ length: Math.floor(slos.length / 5) }, (_, index) => {
    const parts = slos.slice(index * 5, index * 5 + 5).map(({ slo, sliceKey }) => ({ slo, sliceKey, weight: 0.2 }));
    return { slo: { ...parts[0].slo, name: `whole-${index}`, composite: parts }, sliceKey: `whole-${index}@bench`, parts };
  });
}

function prepare(count, { density, scale, groups = 0, composite = false }) {
  const plain = measuredSlos(count);
  if (groups > 0) for (const measured of plain) measured.slo = { ...measured.slo, indicator: { ...measured.slo.indicator, groupBy: [{ text: 'region' }] } };
  const slos = composite ? [...compositesOf(plain), ...plain.map(({ slo, sliceKey }) => ({ slo: { ...slo, partOf: 'whole' }, sliceKey }))] : plain;
  const slices = new SliceIndex();
  const coverage = new CoverageIndex();
  for (const rule of slos) slices.track(rule);
  for (const [index, measured] of plain.entries()) for (const key of keysOf(measured, groups)) {
    const series = slices.series(key);
    for (let minute = START_MINUTE; minute < START_MINUTE + MONTH_MINUTES; minute += density) {
      const { good, bad } = eventsOf(index, minute);
      series.add({ eventMinute: minute, good: good * scale, bad: bad * scale, goodSquared: good * scale, badSquared: bad * scale, events: (good + bad) * scale, unknownWeight: 0 });
    }
    series.trim(START_MINUTE + MONTH_MINUTES);
  }
  for (let minute = START_MINUTE; minute <= START_MINUTE + MONTH_MINUTES + TICKS; minute += 1) coverage.markCovered(minute);
  return { slos, plain, slices, coverage: (from, to) => coverage.share(from, to) };
}

function measure(count, shape) {
  const { slos, plain, slices, coverage } = prepare(count, shape);
  const took = [];
  const cpuMs = [];
  let openIncidents = [];
  for (let tick = 0; tick < TICKS; tick += 1) {
    const nowMs = (START_MINUTE + MONTH_MINUTES + tick) * 60_000;
    for (const [index, measured] of plain.entries()) for (const key of keysOf(measured, shape.groups ?? 0)) {
      const { good, bad } = eventsOf(index, START_MINUTE + MONTH_MINUTES + tick);
      slices.series(key).add({ eventMinute: START_MINUTE + MONTH_MINUTES + tick, good, bad, goodSquared: good, badSquared: bad, events: good + bad, unknownWeight: 0 });
    }
    const startedMs = performance.now();
    const cpu = process.cpuUsage();
    const change = evaluate({ nowMs, slos, slices, coverage, openIncidents });
    took.push(performance.now() - startedMs);
    const used = process.cpuUsage(cpu);
    cpuMs.push((used.user + used.system) / 1_000);
    const changed = new Map(change.incidents.map((incident) => [incident.id, incident]));
    openIncidents = [...openIncidents.filter(({ id }) => !changed.has(id)), ...change.incidents].filter(({ status }) => status !== 'resolved');
  }
  const ordered = (values) => values.slice(1).sort((left, right) => left - right);
  const middle = Math.floor((TICKS - 1) / 2);
  return { first: took[0], p50: ordered(took)[middle], worst: ordered(took).at(-1), cpu: ordered(cpuMs)[middle] };
}

const CASES = [
  ['100 SLOs', 100, { density: 1, scale: 1 }],
  ['500 SLOs', 500, { density: 1, scale: 1 }],
  ['1,000 SLOs', 1_000, { density: 1, scale: 1 }],
  ['1,000 SLOs, 1,000 times the spans', 1_000, { density: 1, scale: 1_000 }],
  ['1,000 SLOs, events every tenth minute', 1_000, { density: 10, scale: 1 }],
  ['1,000 SLOs, and 200 composite ones made of them', 1_000, { density: 1, scale: 1, composite: true }],
  ['100 SLOs of 10 groups', 100, { density: 1, scale: 1, groups: 10 }],
];

console.log('| over 30 days of minute slices | a tick, p50 | CPU of it, p50 | slowest of 29 | the first | CPU µs an SLO |\n|---|---|---|---|---|---|');
for (const [name, count, shape] of CASES) {
  const { first, p50, worst, cpu } = measure(count, shape);
  console.log(`| ${name} | ${p50.toFixed(1)} ms | ${cpu.toFixed(1)} ms | ${worst.toFixed(1)} ms | ${first.toFixed(1)} ms | ${((cpu * 1_000) / count).toFixed(1)} |`);
}
