import { expect, test } from 'vitest';
import { doctorLines, readDoctor } from './doctor.js';

const report = (ok: boolean): string => JSON.stringify({ protocol: 2, kernel: '6.18.44', arch: 'x86_64', ok, checks: [{ name: 'sockets', ok, needs: 'CAP_BPF', invisible: 'everything', detail: ok ? 'works' : 'Operation not permitted' }] });
const linesOf = (ok: boolean, isRoot: boolean): string[] => doctorLines(readDoctor(report(ok))!, { isRoot });

test('what is missing is told with what it hides and what it needs', () => {
  expect(linesOf(false, true).slice(0, 5)).toEqual([
    'Kernel 6.18.44 (x86_64): the agent cannot run.', '', '  missing sockets: Operation not permitted', '            not seen without it: everything', '            needs: CAP_BPF',
  ]);
  expect(linesOf(true, true)[2]).toBe('  ok      sockets: works');
});

test('who asks without root learns that rights are missing, not the kernel', () => {
  const hint = expect.stringContaining('Looked at without root') as string;
  expect(linesOf(false, false)).toContainEqual(hint);
  expect([...linesOf(false, true), ...linesOf(true, false)]).not.toContainEqual(hint);
});

test('what is no answer is not read', () => {
  expect([readDoctor(''), readDoctor('{"ok":true}')]).toEqual([undefined, undefined]);
});
