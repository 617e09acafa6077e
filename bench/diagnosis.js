// How often `tocsin diagnose` names the right service, on a data set with answers; and how far that depends on the constants and on the data.
//   npm run bench:diagnosis -- --data DIR [--quick] [--record]
// DIR (or TOCSIN_BENCH_DIAGNOSIS_DATA) holds faults.json ({"day","source","cases":[{"case","fault","rootCauseService"}…]}), baseline/ and a folder
// per case, each with traces.otlp.jsonl.gz and logs.otlp.jsonl.gz. Without DIR only the made-up systems are measured: random topologies,
// traffic and faults (src/diagnosis/culprit/random-incident.ts), of other seeds than those of the tests.
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({ options: { data: { type: 'string' }, quick: { type: 'boolean' }, record: { type: 'boolean' } } });
const data = values.data ?? process.env.TOCSIN_BENCH_DIAGNOSIS_DATA;
const { day, source, cases } = data === undefined ? { cases: [] } : JSON.parse(readFileSync(join(data, 'faults.json'), 'utf8'));
const { readTraffic } = await import(pathToFileURL(join(root, 'dist/cli/diagnose/read-traffic.js')));

const traffic = new Map();
for (const name of data === undefined ? [] : ['baseline', ...cases.map((each) => each.case)]) {
  const { spans, logs } = await readTraffic(['traces', 'logs'].map((kind) => join(data, name, `${kind}.otlp.jsonl.gz`)));
  traffic.set(name, { spans, logs });
}

/** Constants that the ranking rests on, and what else they could have been. */
const PERTURBATIONS = [
  ['statistics.js', 'PRIOR_ODDS', /PRIOR_ODDS = [\d.]+/, ['PRIOR_ODDS = 0.03', 'PRIOR_ODDS = 0.3']],
  ['blame.js', 'FROM_BEFORE', /FROM_BEFORE = [\d.]+/, ['FROM_BEFORE = 0.03', 'FROM_BEFORE = 0.3', 'FROM_BEFORE = 1']],
  ['bursts.js', 'BURST_STRETCHES', /BURST_STRETCHES = \d+/, ['BURST_STRETCHES = 1', 'BURST_STRETCHES = 5', 'BURST_STRETCHES = 20']],
  ['onset.js', 'CREDIBLE', /CREDIBLE = [\d.]+/, ['CREDIBLE = 0.1', 'CREDIBLE = 0.5']],
  ['onset.js', 'CUTS', /CUTS = \[[^\]]+\]/, ['CUTS = [1 / 8, 2 / 8, 3 / 8, 4 / 8, 5 / 8, 6 / 8]']],
  ['strata.js', 'MIN_TRACES', /MIN_TRACES = \d+/, ['MIN_TRACES = 3', 'MIN_TRACES = 10']],
  ['times.js', 'RARITIES', /RARITIES = \[[^\]]+\]/, ['RARITIES = [0.05, 0.005]', 'RARITIES = [0.2, 0.02]']],
  ['log-statements.js', 'MAX_ALTERNATIVES', /MAX_ALTERNATIVES = \d+/, ['MAX_ALTERNATIVES = 8', 'MAX_ALTERNATIVES = 64']],
];

const withoutLogs = ({ spans }) => ({ spans, logs: [] });
const half = (which) => ({ spans, logs }) => ({ spans: spans.filter((span) => isIn(span.traceId, which)), logs: logs.filter((line) => isIn(line.traceId, which)) });
const isIn = (traceId, which) => Number.parseInt(traceId.slice(-1) || '0', 16) % 2 === which;
const identity = (each) => each;

const ranker = async (directory) => (await import(pathToFileURL(join(directory, 'diagnosis/culprit/rank-suspects.js')))).rankSuspects;

function rankOf(rank, { baseline = identity, incident = identity }, { case: name, rootCauseService }) {
  const { suspects } = rank(baseline(traffic.get('baseline')), incident(traffic.get(name)));
  return suspects.findIndex((suspect) => suspect.service === rootCauseService) + 1;
}

const within = (ranks, most) => ranks.filter((each) => each > 0 && each <= most).length;
const share = (ranks, most) => `${within(ranks, most)} (${((100 * within(ranks, most)) / ranks.length).toFixed(0)} %)`;
const row = (label, ranks) => `| ${label} | ${ranks.length} | ${share(ranks, 1)} | ${share(ranks, 3)} | ${share(ranks, 5)} |`;
const lines = [];
const say = (line = '') => {
  lines.push(line);
  process.stdout.write(`${line}\n`);
};

const rank = await ranker(join(root, 'dist'));
say(`### Diagnosis, ${new Date().toISOString().slice(0, 10)}`);
say();
say(`\`npm run bench:diagnosis\` on ${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}, Node ${process.version}, load ${loadavg()[0].toFixed(1)}. By service; no weight is fitted.`);
if (data !== undefined) await measureDataSet();
await measureRandomSystems();
if (values.record === true) appendFileSync(join(root, 'bench/RESULTS.md'), `\n${lines.join('\n')}\n`);

async function measureDataSet() {
  say();
  say(`${cases.length} faults of ${day} (${source}):`);
  say();
  say('| | faults | first | among the first 3 | among the first 5 |');
  say('|---|---|---|---|---|');
  for (const [label, view] of [['traces and logs', identity], ['traces alone', withoutLogs]]) {
    const ranks = cases.map((each) => rankOf(rank, { baseline: view, incident: view }, each));
    say(row(label, ranks));
    for (const fault of faults()) say(row(`– ${fault}`, ranks.filter((_, index) => cases[index].fault === fault)));
    process.stderr.write(`not first with ${label}: ${cases.flatMap((each, index) => (ranks[index] === 1 ? [] : [`${each.case} (${ranks[index]})`])).join(', ')}\n`);
  }
  if (values.quick !== true) {
    for (const which of [0, 1]) say(row(`traces and logs, half ${which + 1} of the incident's traces`, cases.map((each) => rankOf(rank, { incident: half(which) }, each))));
    for (const which of [0, 1]) say(row(`traces and logs, half ${which + 1} of the baseline's traces`, cases.map((each) => rankOf(rank, { baseline: half(which) }, each))));
    const variants = [['as they are', cases.map((each) => rankOf(rank, {}, each))]];
    for (const [file, name, pattern, replacements] of PERTURBATIONS) {
      for (const replacement of replacements) variants.push([replacement, await perturbed({ file, name, pattern, replacement })]);
    }
    for (const [label, ranks] of variants.slice(1)) say(row(`\`${label}\``, ranks));
    say(row('**constants chosen on the other types of fault**', leaveOneTypeOut(variants)));
  }
  const baseline = traffic.get('baseline');
  const same = [[identity, identity], [half(0), half(1)], [half(1), half(0)]].map(([left, right]) => rank(left(baseline), right(baseline)).suspects);
  say();
  say(`Baseline against itself, and its halves against each other: ${same.map((suspects) => suspects.filter((each) => each.strength === 'strong').length).join(', ')} strong suspects; highest scores ${same.map((suspects) => (suspects[0]?.score ?? 0).toFixed(1)).join(', ')}.`);
  say();
  say(`Time for ${timing(baseline)}`);
}

function faults() {
  return [...new Set(cases.map((each) => each.fault))].sort();
}

/** For each type of fault: the ranks it has with the constants that are best on all others; equal ones as they are. */
function leaveOneTypeOut(variants) {
  return faults().flatMap((fault) => {
    const firsts = (ranks) => ranks.filter((each, index) => cases[index].fault !== fault && each === 1).length;
    const [label, best] = variants.reduce((left, right) => (firsts(right[1]) > firsts(left[1]) ? right : left));
    process.stderr.write(`without ${fault}: constants ${label}\n`);
    return best.filter((_, index) => cases[index].fault === fault);
  });
}

/** Thirteen kinds of fault in made-up systems, of which nothing but the topology is like the data set. */
async function measureRandomSystems() {
  const { FAULT_KINDS, randomIncident } = await import(pathToFileURL(join(root, 'dist/diagnosis/culprit/random-incident.js')));
  const seeds = Array.from({ length: values.quick === true ? 3 : 8 }, (_, index) => 1_000 + 10 * index);
  const situations = [['alone', {}], ['another service drifts', { drifts: true }], ['from the first request on', { fromTheStart: true }]];
  say();
  say(`${seeds.length} made-up systems, each with every kind of fault; first, and among the first 3:`);
  say();
  say(`| | ${situations.map(([label]) => `${label} | without logs`).join(' | ')} |`);
  say(`|---|${situations.map(() => '---|---|').join('')}`);
  const all = situations.flatMap(() => [[], []]);
  for (const kind of FAULT_KINDS) {
    const columns = situations.flatMap(([, options]) => {
      const incidents = seeds.map((seed) => randomIncident({ seed, kind, ...options }));
      return [identity, withoutLogs].map((view) => incidents.map((each) => madeUpRank(view, each)));
    });
    columns.forEach((ranks, index) => all[index].push(...ranks));
    say(`| ${kind} | ${columns.map((ranks) => `${within(ranks, 1)}, ${within(ranks, 3)}`).join(' | ')} |`);
  }
  say(`| all | ${all.map((ranks) => `${((100 * within(ranks, 1)) / ranks.length).toFixed(0)} %, ${((100 * within(ranks, 3)) / ranks.length).toFixed(0)} %`).join(' | ')} |`);
}

/** A slow database is named itself, where its spans name it. */
function madeUpRank(view, { baseline, incident, kind, service }) {
  const answers = kind === 'slow database' ? [service, 'postgresql'] : [service];
  return rank(view(baseline), view(incident)).suspects.findIndex((suspect) => answers.includes(suspect.service)) + 1;
}

/** The same with one constant changed, in a copy of what was built. */
async function perturbed({ file, name, pattern, replacement }) {
  const copy = mkdtempSync(join(tmpdir(), 'tocsin-bench-'));
  try {
    cpSync(join(root, 'dist'), join(copy, 'dist'), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
    writeFileSync(join(copy, 'package.json'), '{"type":"module"}');
    const path = join(copy, 'dist/diagnosis/culprit', file);
    const text = readFileSync(path, 'utf8');
    if (!pattern.test(text)) throw new Error(`${file} has no ${name}: the bench must follow the code`);
    writeFileSync(path, text.replace(pattern, replacement));
    const changed = await ranker(join(copy, 'dist'));
    return cases.map((each) => rankOf(changed, {}, each));
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** Nine cases taken as one incident. */
function timing(baseline) {
  const parts = cases.slice(0, 9).map((each) => traffic.get(each.case));
  const incident = { spans: parts.flatMap((part) => part.spans), logs: parts.flatMap((part) => part.logs) };
  const started = process.cpuUsage();
  rank(baseline, incident);
  const spent = process.cpuUsage(started);
  return `${incident.spans.length} spans and ${incident.logs.length} log records, without reading them: ${((spent.user + spent.system) / 1e6).toFixed(1)} s of CPU.`;
}
