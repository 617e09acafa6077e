// How many active alerts one second of CPU routes and groups, what each of them costs in memory, and how late a message is after its
// group_wait. `npm run bench:alerting`
import { advanceGroups } from '../dist/notify/advance-groups.js';
import { parseRouting } from '../dist/notify/routing.js';
import { groupId } from '../dist/notify/notification-group.js';
import { SilencesInForce } from '../dist/incident/silence.js';
import { mergePosted, receivePosted } from '../dist/incident/posted-alert.js';
import { advance } from '../dist/incident/advance.js';
import { postedSignals } from '../dist/pipeline/posted-signals.js';

const ALERTS = Number(process.argv[2] ?? 10_000);
const ROUTES = 20;
const SILENCES = 50;
const START_MS = Date.UTC(2026, 10, 20);

const routes = Array.from({ length: ROUTES }, (_, index) => `    - { matchers: ['team=~"team-${index}|other-${index}"'], receiver: hook, continue: ${index % 5 === 0} }`).join('\n');
const parsed = parseRouting({ path: 'routing.yaml', text: `
route:
  receiver: hook
  group_by: [alertname, cluster]
  group_wait: 30s
  routes:
${routes}
receivers: [{ name: hook, webhook_configs: [{ url: 'http://127.0.0.1:9/hook' }] }]
inhibit_rules:
  - { source_matchers: ['severity="critical"'], target_matchers: ['severity="warning"'], equal: [alertname, cluster] }
` });
if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
const routing = parsed.value;
const silences = Array.from({ length: SILENCES }, (_, index) => ({ id: `sil-${index}`, matchers: [{ name: 'instance', value: `host-${index}-.*`, isRegex: true, isEqual: true }], startsAtMs: START_MS, endsAtMs: START_MS + 1e9, updatedAtMs: START_MS, createdBy: 'a', comment: 'b' }));

const inputs = Array.from({ length: ALERTS }, (_, index) => ({
  labels: { alertname: `Alert${index % 200}`, cluster: `c${index % 7}`, team: `team-${index % 25}`, instance: `host-${index}-a.example.com:9100`, severity: index % 10 === 0 ? 'critical' : 'warning', job: 'node', namespace: 'shop' },
  annotations: { summary: `Something is wrong with host ${index}`, description: 'It has been so for a while. See the runbook.' },
}));

function cpuSeconds(work) {
  const before = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(before);
  return { seconds: (user + system) / 1e6, result };
}

function memory() {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

const before = memory();
const posted = new Map();
for (const input of inputs) {
  const alert = receivePosted(input, { nowMs: START_MS, resolveTimeoutMs: 3_600_000 });
  posted.set(alert.id, mergePosted(undefined, alert, START_MS));
}
const signals = cpuSeconds(() => postedSignals(posted.values(), { routing, openIncidents: [], nowMs: START_MS }));
const opened = cpuSeconds(() => advance({ signals: signals.result, openIncidents: [], nowMs: START_MS }));
const incidents = opened.result.incidents;
const groups = new Map();
const step = (nowMs, transitions = []) => cpuSeconds(() => {
  const change = advanceGroups({ nowMs, routing, silences: new SilencesInForce(silences, nowMs), groups: groups.values(), incidents, transitions });
  for (const group of change.removed) groups.delete(groupId(group));
  for (const group of change.groups) groups.set(groupId(group), group);
  return { deliveries: change.deliveries.length, decisions: change.decisions.length };
});
const first = step(START_MS, opened.result.transitions);
const flush = step(START_MS + 30_000);
const quiet = [];
for (let round = 1; round <= 10; round += 1) quiet.push(step(START_MS + 30_000 + round * 5_000).seconds);
const after = memory();
quiet.sort((left, right) => left - right);

const perSecond = (seconds) => Math.round(ALERTS / seconds).toLocaleString('en-US');
console.log(`${ALERTS} active alerts, ${groups.size} groups, ${incidents.length} incidents, ${ROUTES} routes with regular expressions, ${SILENCES} silences, one inhibition rule`);
console.log(`routed, muted and grouped for the first time: ${first.seconds.toFixed(3)} s of CPU, ${perSecond(first.seconds)} alerts a second`);
console.log(`the turn in which all of them are told (${flush.result.deliveries} messages, ${flush.result.decisions} decisions): ${flush.seconds.toFixed(3)} s, ${perSecond(flush.seconds)} a second`);
console.log(`a tick in which nothing changes, median of 10: ${quiet[5].toFixed(3)} s, ${perSecond(quiet[5])} a second`);
console.log(`from posted to conditions: ${signals.seconds.toFixed(3)} s; to incidents: ${opened.seconds.toFixed(3)} s`);
console.log(`memory: ${Math.round((after - before) / ALERTS).toLocaleString('en-US')} bytes an active alert (posted, incident and group state)${globalThis.gc === undefined ? ' (run with --expose-gc for a sound figure)' : ''}`);
