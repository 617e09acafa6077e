import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { disposeServices, newGround } from '../../test/support/service-process.js';
import { runCommandLine } from './run-command-line.js';

const COMMANDS = ['serve', 'demo', 'check', 'import', 'diagnose', 'backtest', 'gate', 'compare', 'suggest', 'export', 'report', 'routes', 'postmortem', 'what-if', 'drill', 'dead-letters', 'erase', 'why'] as const;

const before = process.cwd();
const ground = newGround({ 'notes.txt': 'x' });
beforeAll(() => { process.chdir(ground.directory); });
afterAll(async () => {
  process.chdir(before);
  await disposeServices();
});

let said = { stdout: '', stderr: '' };
beforeEach(() => {
  said = { stdout: '', stderr: '' };
  const environment = ground.environment();
  for (const name of Object.keys({ ...process.env, ...environment })) vi.stubEnv(name, environment[name]);
  for (const name of ['stdout', 'stderr'] as const) {
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      said[name] += String(text);
      return true;
    });
  }
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

async function run(words: readonly string[]): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const code = await runCommandLine(words);
  return { code, ...said };
}

test('--help lists the commands', async () => {
  const overview = await run(['--help']);
  expect(overview).toMatchObject({ code: 0, stderr: '' });
  for (const command of COMMANDS) expect(overview.stdout).toContain(`  ${command} `);
});

test.each(COMMANDS)('%s has its own --help', async (command) => {
  const help = await run([command, '--help']);
  expect(help).toMatchObject({ code: 0, stderr: '' });
  expect(help.stdout).toMatch(new RegExp(`^tocsin ${command}`));
});

describe('what was typed wrong, or has no ground, is one clear line and exit code 2', () => {
  test.each([
    [['serve', 'now'], 'serve takes no "now"'],
    [['serve', '--port', '1'], 'serve has no option --port'],
    [['check', '--json=yes'], 'check takes --json without a value'],
    [['check', 'notes.txt'], 'notes.txt is neither a rule (.yaml, .yml) nor a runbook (.md)'],
    [['agent', 'status'], 'agent takes no "status"'],
    [['agent', '--json'], 'agent takes --json only with doctor'],
    [['import'], 'name at least one file'],
    [['import', 'missing.jsonl'], 'missing.jsonl does not exist'],
    [['import', 'rules'], 'rules is not a file: name the files, for example rules/*.jsonl.gz'],
    [['import', 'notes.txt', '--server'], 'import needs a value behind --server'],
    [['import', 'notes.txt', '--server', '--json'], 'import needs a value behind --server'],
    [['import', 'notes.txt', '--server', '127.0.0.1:4400'], 'is not a URL'],
    [['compare', '--version', '2'], 'name two cohorts: tocsin compare --version A --against B'],
    [['export'], 'say what to export: trace ids, or --query'],
    [['export', 'xyz'], '"xyz" is not a trace id'],
    [['export', 'a1', '--query', '{ }'], 'write trace ids or --query, not both'],
    [['export', 'a1', '--format', 'csv'], '--format "csv" is none of otlp, jaeger, parquet'],
    [['export', 'a1', '--format', 'parquet'], '--format parquet needs --out FILE'],
    [['export', '--query', '{ }', '--limit', '0'], '--limit is a whole number from 1 on, or all'],
    [['report'], 'name the report: tocsin report quality'],
    [['report', 'quality', '--week', '2026-W54'], '2026 has no week 54'],
    [['report', 'quality', '--from', 'missing.jsonl'], 'missing.jsonl does not exist'],
    [['diagnose'], 'name the files of the baseline'],
    [['diagnose', '--baseline', 'missing.jsonl', '--incident', 'notes.txt'], 'missing.jsonl does not exist'],
    [['diagnose', 'notes.txt', '--baseline', 'notes.txt'], 'diagnose takes no "notes.txt"'],
    [['backtest', '--from', 'yesterday'], '--from "yesterday" is not a time'],
    [['backtest', '--from', '1h', '--to', '2h'], '--from must be before --to'],
    [['backtest', '--incidents', 'notes.txt'], 'notes.txt:1:1: error incidents/wrong-type'],
    [['drill', '--wait', 'long'], '--wait is a whole number of seconds'],
    [['dead-letters'], 'dead-letters list'],
    [['dead-letters', 'retry'], 'dead-letters list'],
    [['erase', 'user.id=1'], 'write tocsin erase ATTRIBUTE=VALUE --reason TEXT'],
    [['erase', 'receipt'], 'tocsin erase receipt ID'],
    [['why'], 'name one incident'],
    [['why', 'inc-1', '--held'], 'name one incident'],
    [['why', 'inc-1', '--server', 'http://127.0.0.1:1'], 'no Tocsin at http://127.0.0.1:1'],
    [['postmortem'], 'name one incident'],
    [['postmortem', 'inc-1', '--server', 'http://127.0.0.1:1'], 'no Tocsin at http://127.0.0.1:1'],
    [['what-if'], 'name the file in question'],
    [['what-if', '--config', 'notes.txt', '--since', 'long'], '--since: '],
    [['what-if', '--config', 'missing.yaml'], 'missing.yaml cannot be read'],
    [['demo', '--for', 'ever'], '--for: "ever" is not a duration'],
  ])('%j', async (words, message) => {
    const { code, stdout, stderr } = await run(words);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^tocsin: [^\n]+\n$/);
    expect(stderr).toContain(message);
  });
});
