// How often `tocsin diagnose` names the right service: on a data set with answers, and on made-up systems with known faults; and how far that depends
// on each constant of the ranking (half of it, twice as much).
//   npm run bench:diagnosis -- [--data DIR] [--systems 6] [--constants all|NAME,NAME…] [--record]
// DIR (or TOCSIN_BENCH_DIAGNOSIS_DATA) holds faults.json ({"day","source","cases":[{"case","fault","rootCauseService"}…]}), baseline/ and a folder
// per case, each with traces.otlp.jsonl.gz and logs.otlp.jsonl.gz. `--systems 0` leaves the made-up ones out.
import { appendFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measureDay } from './day.js';
import { measureMadeUp } from './made-up.js';
import { variantsOf } from './variants.js';

const compiled = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const { values } = parseArgs({ options: { data: { type: 'string' }, systems: { type: 'string', default: '6' }, constants: { type: 'string' }, record: { type: 'boolean' } } });
const data = values.data ?? process.env['TOCSIN_BENCH_DIAGNOSIS_DATA'];
const started = process.cpuUsage();
const variants = values.constants === undefined ? [] : await variantsOf(compiled, values.constants === 'all' ? undefined : values.constants.split(','));
const systems = Number(values.systems);
const parts = [...(data === undefined ? [] : [await measureDay(data, variants)]), ...(systems === 0 ? [] : [measureMadeUp(systems, variants)])];
const spent = process.cpuUsage(started);
const report = [
  `### Diagnosis, ${new Date().toISOString().slice(0, 10)}`,
  `\`npm run bench:diagnosis\` on ${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}, Node ${process.version}, load ${loadavg()[0]!.toFixed(1)}, ${((spent.user + spent.system) / 1e6).toFixed(0)} s of CPU for all of it.`,
  ...parts.map((lines) => lines.join('\n')),
].join('\n\n');
process.stdout.write(`${report}\n`);
if (values.record === true) appendFileSync(join(dirname(dirname(compiled)), 'bench/RESULTS.md'), `\n${report}\n`);
