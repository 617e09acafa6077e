import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { textFiles } from '../support/repository.js';

/** The healthy part of the day on which the ranking of culprits is measured: it has the names of all of it but the faults. */
const TRAFFIC = gunzipSync(readFileSync(new URL('../report/trainticket-baseline.otlp.jsonl.gz', import.meta.url))).toString('utf8');

function named(pattern: RegExp): readonly string[] {
  return [...new Set([...TRAFFIC.matchAll(pattern)].map(([, name]) => name!))].sort();
}

const SERVICES = named(/"service\.name","value":\{"stringValue":"([^"]+)"/g);
const PODS = named(/"k8s\.pod\.name","value":\{"stringValue":"([^"]+)"/g);
/** `SeatController.create`; what libraries call their spans is everybody's. */
const METHODS = named(/"name":"([A-Z]\w*(?:Controller|Repository|Service|ServiceImpl)\.\w+)"/g);
/** What was done to it, and when. */
const FAULTS = ['cpu_contention', 'cpu_consumed', 'network_delay', '2023-01-29', 'trainticket', 'train-ticket', 'nezha'];
const FORBIDDEN = [...SERVICES, ...PODS, ...METHODS, ...FAULTS].map((name) => name.toLowerCase());

/** The names that a line has. */
function namesIn(line: string): readonly string[] {
  const lower = line.toLowerCase();
  return FORBIDDEN.filter((name) => lower.includes(name));
}

test('the list of names is that of the data set', () => {
  expect(SERVICES).toContain('ts-order-service');
  expect(SERVICES.length).toBeGreaterThan(15);
  expect(METHODS.length).toBeGreaterThan(20);
  expect(namesIn("const CULPRITS = ['ts-travel-service'];")).toEqual(['ts-travel-service']);
  expect(namesIn('if (name === "SeatController.getLeftTicketOfInterval") return 1;')).not.toEqual([]);
});

test('no code of the product knows the system on which the ranking is measured', () => {
  const code = textFiles().filter(({ path }) => /^(?:src|agent|bpf|rules|runbooks)\//.test(path) && !/\.(?:test|contract)\.ts$/.test(path));
  expect(code.length).toBeGreaterThan(500);
  const offences = code.flatMap(({ path, text }) => text.split('\n').flatMap((line, index) => (namesIn(line).length > 0 ? [`${path}:${String(index + 1)}: ${namesIn(line).join(', ')}`] : [])));
  expect(offences).toEqual([]);
});
