// How often `tocsin diagnose` names the right service, on a data set with answers; and how far that depends on the constants and on the data.
//   npm run bench:diagnosis -- --data DIR [--quick] [--record]
// DIR (or TOCSIN_BENCH_DIAGNOSIS_DATA) holds faults.json ({"day","source","cases":[{"case","fault","rootCauseService"}…]}), baseline/ and a folder
// per case, each with traces.otlp.jsonl.gz and logs.otlp.jsonl.gz. Nothing is learnt from it: every type of fault is one that was left out.
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({ options: { data: { type: 'string' }, quick: { type: 'boolean' }, record: { type: 'boolean' } } });
const data = values.data ?? process.env.TOCSIN_BENCH_DIAGNOSIS_DATA;
if (data === undefined) throw new Error('name the data set: --data DIR, or TOCSIN_BENCH_DIAGNOSIS_DATA');
const { day, source, cases } = JSON.parse(readFileSync(join(data, 'faults.json'), 'utf8'));
const { readTraffic } = await import(pathToFileURL(join(root, 'dist/cli/diagnose/read-traffic.js')));

const traffic = new Map();
for (const name of ['baseline', ...cases.map((each) => each.case)]) {
  const { spans, logs } = await readTraffic(['traces', 'logs'].map((kind) => join(data, name, `${kind}.otlp.jsonl.gz`)));
  traffic.set(name, { spans, logs });
}

/** Constants that the ranking rests on, and what else they could have been. */
const PERTURBATIONS = [
  ['contrast.js', 'PRIOR_ODDS', /PRIOR_ODDS = [\d.]+/, ['PRIOR_ODDS = 0.03', 'PRIOR_ODDS = 0.3', 'PRIOR_ODDS = 1']],
  ['strata.js', 'MIN_TRACES', /MIN_TRACES = \d+/, ['MIN_TRACES = 3', 'MIN_TRACES = 10']],
  ['times.js', 'RARITIES', /RARITIES = \[[^\]]+\]/, ['RARITIES = [0.05, 0.005]', 'RARITIES = [0.2, 0.02]', 'RARITIES = [0.01]']],
  ['log-statements.js', 'MAX_ALTERNATIVES', /MAX_ALTERNATIVES = \d+/, ['MAX_ALTERNATIVES = 8', 'MAX_ALTERNATIVES = 64']],
  ['log-statements.js', 'MAX_WORDS', /MAX_WORDS = \d+/, ['MAX_WORDS = 12', 'MAX_WORDS = 48']],
  ['onset.js', 'CUTS', /CUTS = \[[^\]]+\]/, ['CUTS = []', 'CUTS = [1 / 3, 1 / 2, 2 / 3]']],
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
say(`\`npm run bench:diagnosis -- --data DIR\` on ${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}, Node ${process.version}; ${cases.length} faults of ${day} (${source}), by service. No weight is fitted to the set.`);
say();
say('| | faults | first | among the first 3 | among the first 5 |');
say('|---|---|---|---|---|');
for (const [label, view] of [['traces and logs', identity], ['traces alone', withoutLogs]]) {
  const ranked = cases.map((each) => ({ fault: each.fault, name: each.case, rank: rankOf(rank, { baseline: view, incident: view }, each) }));
  say(row(label, ranked.map((each) => each.rank)));
  for (const fault of [...new Set(ranked.map((each) => each.fault))].sort()) say(row(`– ${fault}`, ranked.filter((each) => each.fault === fault).map((each) => each.rank)));
  process.stderr.write(`not first with ${label}: ${ranked.filter((each) => each.rank !== 1).map((each) => `${each.name} (${each.rank})`).join(', ')}\n`);
}
if (values.quick !== true) {
  for (const which of [0, 1]) say(row(`traces and logs, half ${which + 1} of the incident's traces`, cases.map((each) => rankOf(rank, { incident: half(which) }, each))));
  for (const which of [0, 1]) say(row(`traces and logs, half ${which + 1} of the baseline's traces`, cases.map((each) => rankOf(rank, { baseline: half(which) }, each))));
  for (const [file, name, pattern, replacements] of PERTURBATIONS) {
    for (const replacement of replacements) say(row(`\`${replacement}\``, await perturbed({ file, name, pattern, replacement })));
  }
}
say();
const baseline = traffic.get('baseline');
const same = [[identity, identity], [half(0), half(1)], [half(1), half(0)]].map(([left, right]) => rank(left(baseline), right(baseline)).suspects);
say(`Baseline against itself, and its halves against each other: ${same.map((suspects) => suspects.filter((each) => each.strength === 'strong').length).join(', ')} strong suspects; highest scores ${same.map((suspects) => (suspects[0]?.score ?? 0).toFixed(1)).join(', ')}.`);
say();
say(`Time for ${timing()}`);
if (values.record === true) appendFileSync(join(root, 'bench/RESULTS.md'), `\n${lines.join('\n')}\n`);

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

/** Ten cases taken as one incident. */
function timing() {
  const parts = cases.slice(0, 9).map((each) => traffic.get(each.case));
  const incident = { spans: parts.flatMap((part) => part.spans), logs: parts.flatMap((part) => part.logs) };
  const started = process.cpuUsage();
  rank(baseline, incident);
  const spent = process.cpuUsage(started);
  return `${incident.spans.length} spans and ${incident.logs.length} log records, without reading them: ${((spent.user + spent.system) / 1e6).toFixed(1)} s of CPU.`;
}
