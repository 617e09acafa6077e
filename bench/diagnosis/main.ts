// How often `tocsin diagnose` names the right service: on a data set with answers, and on made-up systems with known faults; and how far that depends
// on each constant of the ranking (half of it, twice as much). `--disturbed` asks instead how far the answers survive disturbances: traces, lines,
// spans and services left out, windows cut, other baselines, clocks that differ.
//   npm run bench:diagnosis -- [--data DIR] [--systems 6] [--constants all|NAME,NAME…] [--disturbed all|PART OF A LABEL] [--record]
// DIR (or TOCSIN_BENCH_DIAGNOSIS_DATA) holds faults.json ({"day","source","cases":[{"case","fault","rootCauseService"}…]}), baseline/ and a folder
// per case, each with traces.otlp.jsonl.gz and logs.otlp.jsonl.gz. `--systems 0` leaves the made-up ones out.
import { appendFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { faultsOfDay, measureDay } from './day.js';
import { measureDisturbed } from './disturbed.js';
import { madeUpFaults, measureMadeUp } from './made-up.js';
import { variantsOf } from './variants.js';

const compiled = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const { values } = parseArgs({ options: { data: { type: 'string' }, systems: { type: 'string', default: '6' }, constants: { type: 'string' }, disturbed: { type: 'string' }, record: { type: 'boolean' } } });
const data = values.data ?? process.env['TOCSIN_BENCH_DIAGNOSIS_DATA'];
const started = process.cpuUsage();
const variants = values.constants === undefined ? [] : await variantsOf(compiled, values.constants === 'all' ? undefined : values.constants.split(','));
const systems = Number(values.systems);
const disturbed = values.disturbed === undefined ? undefined : { variants, only: values.disturbed === 'all' ? '' : values.disturbed };
const ofDay = async (dir: string): Promise<readonly string[]> => (disturbed === undefined ? measureDay(dir, variants) : measureDisturbed(faultsOfDay(dir), disturbed));
const ofMadeUp = async (): Promise<readonly string[]> => (disturbed === undefined ? measureMadeUp(systems, variants) : measureDisturbed(madeUpFaults(systems), disturbed));
const parts = [...(data === undefined ? [] : [await ofDay(data)]), ...(systems === 0 ? [] : [await ofMadeUp()])];
const spent = process.cpuUsage(started);
const report = [
  `### Diagnosis, ${new Date().toISOString().slice(0, 10)}`,
  `\`npm run bench:diagnosis\` on ${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}, Node ${process.version}, load ${loadavg()[0]!.toFixed(1)}, ${((spent.user + spent.system) / 1e6).toFixed(0)} s of CPU for all of it.`,
  ...parts.map((lines) => lines.join('\n')),
].join('\n\n');
process.stdout.write(`${report}\n`);
if (values.record === true) appendFileSync(join(dirname(dirname(compiled)), 'bench/RESULTS.md'), `\n${report}\n`);
