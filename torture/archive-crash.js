// Kills a real service with SIGKILL at random moments while it archives all the time, is loaded, and pages:
//   npm run torture:archive-crash -- [--rounds 40] [--seed N] [--minutes 60]
// Its clock runs a hundred times as fast, so that spans leave the database after seconds. Every acknowledged span must be in the database or in the archive, none twice,
// slices must equal a recount of both, the ledger must balance, and no page may be told twice. Ends with 1 on the first violation.
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { endIfBroken, pause, readOptions, say, Sent } from './lib/campaign.js';
import { BatchMaker } from './lib/batches.js';
import { Exporter } from './lib/exporter.js';
import { inspect } from './lib/inspect.js';
import { Ground } from './lib/service.js';

const RATE = 100;
const SENDERS = [{ protocol: 'http', sizes: [1, 40, 200] }, { protocol: 'grpc', sizes: [100, 512, 2_048] }];
const ROUNDS_PER_FILE = 10;
/** An archive run comes at the start and every ten minutes: every six seconds here, or as fast as the machine can. */
const MAX_LIFE_MS = 20_000;
const ROUNDS_PER_LOOK = 3;
const RETRY_MS = 100;
const PAUSE_MS = 150;
const SAMPLING = `apiVersion: tocsin.dev/v1
kind: Sampling
metadata: { name: default }
spec: { budget: none }
`;

const { rounds, untilMs, random } = readOptions({ rounds: 40, minutes: 60 });
const startMs = Date.now();
process.env.TORTURE_CLOCK = `${RATE},${startMs}`;
// Senders stamp spans by the same clock.
await import('./lib/fast-clock.js');

const told = [];
const hook = createServer((request, response) => {
  let text = '';
  request.on('data', (part) => { text += part; }).on('end', () => {
    told.push({ id: request.headers['webhook-id'], body: JSON.parse(text) });
    response.end();
  });
});
await new Promise((resolve) => hook.listen(0, '127.0.0.1', resolve));
const ROUTING = `route: { receiver: hook, group_by: [incident], group_wait: 0s, group_interval: 30d, repeat_interval: 300d }
receivers: [{ name: hook, webhook_configs: [{ url: 'http://127.0.0.1:${hook.address().port}/' }] }]
`;

const total = { killed: 0, acknowledged: 0, spans: 0, archived: 0, pages: 0 };
/** By this machine's clock. */
const hasTime = () => performance.timeOrigin + performance.now() < untilMs;
let round = 0;
while (round < rounds && hasTime()) {
  const ground = new Ground(undefined, {
    rules: { 'sampling.yaml': SAMPLING, 'routing.yaml': ROUTING }, target: 0.99, flags: ['--import', fileURLToPath(new URL('./lib/fast-clock.js', import.meta.url))],
    env: { TORTURE_CLOCK: process.env.TORTURE_CLOCK, TOCSIN_HOT_RETENTION: '15m', TOCSIN_EVALUATION_INTERVAL: '1s', TOCSIN_ALLOW_INTERNAL_TARGETS: '127.0.0.1' },
  });
  try {
    await lifeOfOneFile(ground, Math.min(rounds, round + ROUNDS_PER_FILE));
  } finally {
    ground.remove();
  }
}
hook.close();
if (total.archived === 0 || total.acknowledged === 0 || total.pages === 0) endIfBroken([`only ${JSON.stringify(total)}: this proves nothing`], 'the campaign');
say(`${total.killed} kills, ${total.acknowledged} batches acknowledged, ${total.spans} spans stored, ${total.archived} of them in the archive, ${total.pages} messages told once each; every promise kept`);

async function lifeOfOneFile(ground, end) {
  const sent = new Sent();
  told.length = 0;
  let found;
  for (; round < end && (found === undefined || hasTime()); round += 1) {
    const service = ground.start();
    const addresses = await service.ready;
    const exporter = new Exporter(addresses);
    const state = { isOver: false };
    const again = sent.unanswered();
    const senders = SENDERS.map(async ({ protocol, sizes }, index) => {
      const maker = new BatchMaker(round * SENDERS.length + index + 1);
      while (!state.isOver) {
        await sendUntilAnswered({ exporter, protocol, batch: again.shift() ?? sent.add(maker.next(random.pick(sizes))), sent, state });
        await pause(PAUSE_MS);
      }
    });
    await pause(random.below(MAX_LIFE_MS));
    state.isOver = true;
    await service.kill();
    total.killed += 1;
    await Promise.all(senders);
    exporter.close();
    if ((round + 1) % ROUNDS_PER_LOOK !== 0 && round + 1 < end && hasTime()) continue;
    found = await inspect(ground.dataDir, sent);
    endIfBroken(found.broken, `round ${round + 1}`);
    const errors = service.said.split('\n').filter((line) => line.includes('"level":50'));
    endIfBroken(errors, `what it said in round ${round + 1}`);
    say(`round ${round + 1}: ${found.bulk + found.fresh} spans hot, ${found.archived} archived, ${told.length} messages`);
  }
  endIfBroken(toldTwice(), 'what was told');
  total.acknowledged += sent.acknowledged.size;
  total.spans += found.bulk + found.fresh + found.archived;
  total.archived += found.archived;
  total.pages += told.length;
}

async function sendUntilAnswered({ exporter, protocol, batch, sent, state }) {
  for (;;) {
    const answer = await exporter.send(protocol, batch.bytes());
    if (answer.kind === 'wrong') endIfBroken([`batch ${batch.name} was answered ${answer.message}`], `round ${round + 1}`);
    if (answer.kind === 'stored') sent.acknowledged.add(batch.name);
    if (answer.kind === 'stored' || state.isOver) return;
    if (answer.kind === 'gone') endIfBroken([`nobody had killed it, and yet: ${answer.message}`], `round ${round + 1}`);
    await pause(RETRY_MS);
  }
}

/** A message may come again under its own id, which receivers tell by; not the same news under another. And of one condition there is one incident at a time. */
function toldTwice() {
  const news = new Map();
  const open = new Map();
  const broken = [];
  for (const { id, body: { alerts, tocsin: { transition, incident } } } of told) {
    const key = `${incident.id} ${transition} ${alerts.map(({ status, startsAt, labels }) => `${labels.slo}/${labels.severity}/${status}/${startsAt}`).sort().join(' ')}`;
    news.set(key, new Set([...news.get(key) ?? [], id]));
    if (transition === 'opened' && (open.get(incident.key) ?? incident.id) !== incident.id) broken.push(`incident ${incident.key} was opened a second time`);
    open.set(incident.key, incident.endedAt === null ? incident.id : undefined);
  }
  return [...broken, ...[...news].filter(([, ids]) => ids.size > 1).map(([key, ids]) => `told ${ids.size} times: ${key}`)];
}
