import { afterAll, describe, expect, test, vi } from 'vitest';
import { disposeServices, newGround, runTocsin } from '../support/service-process.js';

afterAll(disposeServices);
vi.setConfig({ testTimeout: 60_000 });

describe('the tocsin command', () => {
  test('says what there is, and which version it is', async () => {
    const ground = newGround();
    const overview = await runTocsin(['--help'], { ground });
    expect(overview).toMatchObject({ code: 0, stderr: '' });
    expect(overview.stdout).toMatch(/^tocsin COMMAND/);
    expect(await runTocsin(['serve', '--help'], { ground })).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/^tocsin serve/) as string });
    expect((await runTocsin(['--version'], { ground })).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(await runTocsin([], { ground })).toMatchObject({ code: 2 });
  });

  /** Each way to end early, as the process that a person starts; src/cli/run-command-line.test.ts has the other mistakes. */
  test.each([
    [['srve'], 'there is no command "srve", did you mean "serve"?'],
    [['check', '--jsn'], 'check has no option --jsn (did you mean --json?)'],
    [['agent', 'doctor', '--config', 'agent.yaml'], 'agent doctor takes no --config'],
    [['import', 'notes.txt', '--server', 'http://127.0.0.1:1'], 'no Tocsin at http://127.0.0.1:1'],
    [['export', 'a1'], 'there is nothing to export: no Tocsin runs at'],
    [['backtest'], 'there is no past to replay'],
    [['demo', '--for', '1s'], 'too short'],
  ])('%j is one clear line and exit code 2', async (words, message) => {
    const { code, stdout, stderr } = await runTocsin(words, { ground: newGround({ 'notes.txt': 'x' }) });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^tocsin: [^\n]+\n$/);
    expect(stderr).toContain(message);
  });
});
