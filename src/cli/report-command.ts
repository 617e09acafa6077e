import { writeFileSync } from 'node:fs';
import { windowOfWeek } from '../report/quality-week.js';
import type { QualityReportView } from '../report/quality-report-view.js';
import { PageRenderer } from '../ui/page-renderer.js';
import { qualityFileModel, untoldOf } from '../ui/quality-page.js';
import { CouldNotRun, count, EXIT_FINE, printError, printLine, type Command, type CommandInput } from './command.js';
import { reportOfFiles, reportOfStore } from './report/quality-source.js';
import { settingsOrRefusal } from './service-api.js';

const FORMATS = ['html', 'json'];

export const reportCommand: Command = {
  usage: 'quality [--week 2026-W47] [--from FILE…] [--format html|json] [--out FILE]',
  takesArguments: true,
  options: { week: { type: 'string' }, from: { type: 'string' }, format: { type: 'string' }, out: { type: 'string' }, server: { type: 'string' }, json: { type: 'boolean' } },
  listOptions: ['from'],
  help: [
    ['quality', 'the trace-quality report: what is measured, what is wrong with which proof, and the fix'],
    ['--week 2026-W47', 'from Monday to Monday, UTC; default: the last 7 days, or all that the files hold'],
    ['--from FILE…', 'of files alone, without a server: OTLP/JSON lines (.jsonl, .json, also .gz), or OTLP protobuf; traces and logs'],
    ['--format html|json', 'one self-contained page that prints well, or JSON (docs/quality.md has the schema); default: html'],
    ['--out FILE', 'write there instead of printing, and say in a few lines what it holds'],
    ['--server URL', 'pages address of a running service; default: the configured one if it runs, else the data directory is opened directly'],
    ['TOCSIN_TOKEN', 'environment variable: a token of the role viewer, where the running service asks for one'],
  ],
  async run(input) {
    const format = formatOf(input);
    const report = await readReport(input);
    const text = format === 'json' ? JSON.stringify(report, null, 2) : new PageRenderer().render('quality-file', qualityFileModel(report));
    const { out } = input.values;
    if (typeof out !== 'string') {
      printLine(text);
      return EXIT_FINE;
    }
    writeFileSync(out, `${text}\n`);
    printSummary(report, out);
    return EXIT_FINE;
  },
};

function formatOf({ values, positionals }: CommandInput): string {
  const [what, ...rest] = positionals;
  if (what !== 'quality' || rest.length > 0) throw new CouldNotRun('name the report: tocsin report quality');
  const format = values['json'] === true ? 'json' : (values['format'] ?? 'html');
  if (typeof format !== 'string' || !FORMATS.includes(format)) throw new CouldNotRun(`--format "${String(format)}" is not known: html or json`);
  return format;
}

async function readReport({ values, lists }: CommandInput): Promise<QualityReportView> {
  const { week, server } = values;
  const window = typeof week === 'string' ? windowOfWeek(week) : undefined;
  if (window?.ok === false) throw new CouldNotRun(`--week: ${window.error}`);
  const settings = await settingsOrRefusal();
  const files = lists['from'] ?? [];
  if (files.length > 0) return reportOfFiles(files, window?.value, settings);
  return reportOfStore({ window: window?.value, week: typeof week === 'string' ? week : undefined, server: typeof server === 'string' ? server : undefined }, settings);
}

function printSummary(report: QualityReportView, out: string): void {
  const { overall, services, findings, score } = report;
  printLine(`${out}: ${count(overall.spans, 'span')} of ${count(services.length, 'service')}, Instrumentation Score ${score === null ? 'unknown' : score.toFixed(1)}, ${count(findings.length, 'finding')}.`);
  for (const { severity, title } of findings.slice(0, 3)) printLine(`${severity}: ${title}`);
  const untold = untoldOf(report);
  if (untold !== undefined) printError(untold);
  if (overall.spans === 0) printError('No spans ended in this time.');
}
