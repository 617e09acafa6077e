import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publicUrlOf, type Settings } from '../../config/settings.js';
import { NO_REDACTION } from '../../ingest/redact-compile.js';
import { MINUTE_MS } from '../../lib/duration.js';
import { formatProblem } from '../../lib/problem.js';
import { systemClock } from '../../lib/system-clock.js';
import { loadRuleBook, type RuleBook } from '../../pipeline/fs-rule-book.js';
import { DATABASE_FILE, type Store } from '../../pipeline/store.js';
import { openStore } from '../../pipeline/system-store.js';
import { DuckdbQualityReader } from '../../report/duckdb-quality-reader.js';
import { ArchivedQualityReader } from '../../report/archived-quality-reader.js';
import { DuckdbQualityArchive } from '../../report/duckdb-quality-archive.js';
import type { QualityReader, ReportWindow } from '../../report/quality-reader.js';
import { qualityReportView, type QualityReportView } from '../../report/quality-report-view.js';
import { QualityReports, type QualityReportsPorts } from '../../report/quality-reports.js';
import { DEFAULT_QUALITY } from '../../config/quality-rule.js';
import { startOfWeek, WEEK_MS } from '../../report/quality-week.js';
import { ArchivedSpans } from '../../store/archive/duckdb-archived-spans.js';
import type { DatabaseOptions } from '../../store/duckdb-database.js';
import { ROW_GROUP_ROWS } from '../../store/duckdb-file.js';
import type { GroupLimits } from '../../store/system-group-commit.js';
import { DatabaseUnavailableError } from '../../store/database-error.js';
import { archiveParts } from '../archive-parts.js';
import { CouldNotRun, printError } from '../command.js';
import { readOtlpFile } from '../import/otlp-files.js';
import { UnderWay } from '../import/under-way.js';
import { findServiceApi } from '../service-api.js';

/** Younger spans still wait for their parents. */
const SETTLE_MS = MINUTE_MS;
const MAX_COMPLAINTS = 10;
/** Requests of files under way at once: to wait for the commit of each would cost a tenth of a second a line. */
const UNDER_WAY = 8;
/** Nobody else sends: what is there is what there will be. */
const GROUP: GroupLimits = { maxWaitMs: 5, maxRows: ROW_GROUP_ROWS };
/** Windows that are read beside each other, each by a processor of its own: that costs less than to have DuckDB share out each statement. */
const AT_ONCE = 2;
/** There is no ingest beside it that needs memory. */
const ALONE: DatabaseOptions = { memoryLimit: '160MB' };

export interface ReportWish {
  /** Undefined: the last seven days, or all that the files hold. */
  readonly window: ReportWindow | undefined;
  /** As it was written: `2026-W47`. */
  readonly week: string | undefined;
  readonly server: string | undefined;
}

/** The report of a running service, else of the data directory. */
export async function reportOfStore(wish: ReportWish, settings: Settings): Promise<QualityReportView> {
  const api = await findServiceApi(wish.server, settings);
  if (api !== undefined) return api.get<QualityReportView>(`/api/v1/quality${wish.week === undefined ? '' : `?week=${wish.week}`}`);
  const path = join(settings.dataDir, DATABASE_FILE);
  if (!existsSync(path)) throw new CouldNotRun(`there is nothing to report on: no Tocsin runs at ${publicUrlOf({ ...settings, publicUrl: undefined })}, and ${path} does not exist. For files write: tocsin report quality --from FILE…`);
  const { book } = await loadRuleBook(settings);
  const store = await open(settings.dataDir);
  try {
    const toMs = Date.now() - SETTLE_MS;
    const archive = new DuckdbQualityArchive(store);
    const reader = new ArchivedQualityReader(new DuckdbQualityReader(new ArchivedSpans(store, await archiveParts(settings)), { atOnce: AT_ONCE }), archive);
    return await report({ store, reader, book, window: wish.window ?? { fromMs: toMs - WEEK_MS, toMs }, ...weeksBefore(archive) });
  } finally {
    await store.close();
  }
}

/** The report of files alone: they are read into a store of their own, which is removed again. */
export async function reportOfFiles(paths: readonly string[], window: ReportWindow | undefined, settings: Settings): Promise<QualityReportView> {
  for (const path of paths) {
    if (!existsSync(path)) throw new CouldNotRun(`${path} does not exist`);
    if (!statSync(path).isFile()) throw new CouldNotRun(`${path} is not a file: name the files, for example ${path.replace(/\/$/, '')}/*.jsonl.gz`);
  }
  const { book, problems } = await loadRuleBook(settings);
  if (book === undefined) throw new CouldNotRun(`the rules are not right:\n${problems.map(formatProblem).join('\n')}`);
  const directory = mkdtempSync(join(tmpdir(), 'tocsin-report-'));
  try {
    const store = await openStore({ dataDir: directory, clock: systemClock, redaction: book.redaction, database: ALONE, group: GROUP });
    try {
      await readInto(store, paths);
      return await report({ store, reader: new DuckdbQualityReader(store, { atOnce: AT_ONCE }), book, window: window ?? (await extentOf(store)) });
    } finally {
      await store.close();
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function readInto(store: Store, paths: readonly string[]): Promise<void> {
  const complaints: string[] = [];
  const underWay = new UnderWay(UNDER_WAY);
  for (const path of paths) {
    for await (const item of readOtlpFile(path)) {
      const at = `${item.file}:${item.line}`;
      if ('message' in item) {
        complaints.push(`${at}: ${item.message}`);
        continue;
      }
      const { signal, encoding, body } = item;
      await underWay.add(store.absorb({ signal, encoding, body, protocol: 'import', receivedAtMs: Date.now() }).then((outcome) => {
        if (outcome.kind !== 'stored' || outcome.message !== '') complaints.push(`${at}: ${outcome.message}`);
      }));
    }
  }
  await underWay.end();
  for (const complaint of complaints.slice(0, MAX_COMPLAINTS)) printError(complaint);
  if (complaints.length > MAX_COMPLAINTS) printError(`… and ${complaints.length - MAX_COMPLAINTS} more lines were not read whole`);
}

async function extentOf(store: Store): Promise<ReportWindow> {
  const [row] = await store.query({ sql: 'SELECT min(end_ms) AS first_ms, max(end_ms) AS last_ms FROM spans' });
  if (row?.['first_ms'] == null) throw new CouldNotRun('the files hold no spans');
  return { fromMs: Math.floor(Number(row['first_ms']) / MINUTE_MS) * MINUTE_MS, toMs: (Math.floor(Number(row['last_ms']) / MINUTE_MS) + 1) * MINUTE_MS };
}

interface ReportParts {
  readonly store: Store;
  readonly reader: QualityReader;
  readonly book: RuleBook | undefined;
  readonly window: ReportWindow;
  readonly earlier?: QualityReportsPorts['earlier'];
  readonly history?: QualityReportsPorts['history'];
}

async function report({ store, reader, book, window, earlier = () => Promise.resolve(undefined), history = () => Promise.resolve([]) }: ReportParts): Promise<QualityReportView> {
  const reports = new QualityReports({
    reader, clock: systemClock, hygiene: () => store.hygiene(), owners: () => ownersOf(book),
    rules: () => book?.quality ?? DEFAULT_QUALITY, earlier, history,
  });
  return qualityReportView(await reports.report(window));
}

/** Weeks in the line over time. */
const HISTORY_WEEKS = 12;

/** What a report is compared with: those that were made of the weeks before. */
export function weeksBefore(archive: Pick<DuckdbQualityArchive, 'history' | 'report'>): Required<Pick<QualityReportsPorts, 'earlier' | 'history'>> {
  return { history: (toMs) => archive.history(toMs, HISTORY_WEEKS), earlier: ({ fromMs }, weeks) => archive.report(startOfWeek(fromMs) - weeks * WEEK_MS) };
}

/** The owner of a service is who the rules on trace quality name, else that of its first SLO that names one. */
export function ownersOf(book: RuleBook | undefined): ReadonlyMap<string, string> {
  const owned = (book?.slos ?? []).flatMap(({ slo: { service, owner } }) => (owner === undefined ? [] : [[service, owner] as const]));
  return new Map([...owned.reverse(), ...(book?.quality.owners ?? [])]);
}

async function open(dataDir: string): Promise<Store> {
  try {
    return await openStore({ dataDir, clock: systemClock, redaction: NO_REDACTION, database: ALONE });
  } catch (error) {
    if (!(error instanceof DatabaseUnavailableError)) throw error;
    throw new CouldNotRun(`${error.message}${error.reason === 'locked' ? ' If that is Tocsin, name the address of its pages with --server.' : ''}`);
  }
}
