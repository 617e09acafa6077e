// Kills a real service with SIGKILL at random moments while several senders load it, starts it again, and looks at what it kept:
//   npm run torture:crash -- [--rounds 100] [--seed N] [--minutes 60]
// Every acknowledged span must be stored, none twice (by trace id, span id and kind), no batch in part, slices must equal a recount of
// the stored spans, the ledger must balance. Ends with 1 on the first violation. `--minutes` ends it early and says how far it came.
import { endIfBroken, pause, readOptions, say, Sent } from './lib/campaign.js';
import { BatchMaker, MAX_BATCH_SPANS } from './lib/batches.js';
import { Exporter } from './lib/exporter.js';
import { inspect } from './lib/inspect.js';
import { Ground } from './lib/service.js';

/** Small batches end in spans_fresh by DuckDB's log, whole row groups go straight into spans_bulk: a kill must be survived in both. */
const SENDERS = [
  { protocol: 'http', sizes: [1, 40, 200] },
  { protocol: 'http', sizes: [500, 2_000] },
  { protocol: 'grpc', sizes: [100, 512, 4_096] },
  { protocol: 'grpc', sizes: [MAX_BATCH_SPANS, MAX_BATCH_SPANS, 8_192] },
];
/** A file lives this many kills; a fresh one keeps the recount fast. */
const ROUNDS_PER_FILE = 10;
const KILLED_STARTING_ONE_IN = 8;
const MAX_ANSWERS = 30;
/** About what a commit takes: the kill hits any moment of it. */
const MAX_KILL_DELAY_MS = 300;
/** How much of what was acknowledged is sent again after a restart: to a sender an answer that got lost is none. */
const RESENT_ONE_IN = 5;
const RETRY_MS = 100;
const TRACES_ASKED = 10;

const { rounds, untilMs, random } = readOptions({ rounds: 100, minutes: 60 });
const total = { killed: 0, starting: 0, acknowledged: 0, unanswered: 0, spans: 0, bulk: 0, fresh: 0 };
let round = 0;
while (round < rounds && Date.now() < untilMs) {
  const ground = new Ground();
  try {
    await lifeOfOneFile(ground, Math.min(rounds, round + ROUNDS_PER_FILE));
  } finally {
    ground.remove();
  }
}
if (total.bulk === 0 || total.fresh === 0 || total.acknowledged === 0) endIfBroken([`only ${JSON.stringify(total)}: this proves nothing`], 'the campaign');
say(`${total.killed} kills (${total.starting} of them while it started), ${total.acknowledged} batches acknowledged, ${total.unanswered} times a batch was left without answer`);
say(`${total.spans} spans stored, ${total.bulk} of them as whole row groups and ${total.fresh} by the log; every promise kept`);

async function lifeOfOneFile(ground, end) {
  const sent = new Sent();
  const makers = SENDERS.map((_, index) => new BatchMaker(index + 1));
  let found;
  for (; round < end && Date.now() < untilMs; round += 1) {
    const service = ground.start();
    if (round > 0 && random.chance(KILLED_STARTING_ONE_IN)) {
      await pause(random.below(1_000));
      total.starting += 1;
    } else await loadUntilKillTime(await service.ready, sent, makers);
    await service.kill();
    total.killed += 1;
    await sent.settled;
    total.unanswered += sent.unanswered().length;
    found = await inspect(ground.dataDir, sent);
    endIfBroken(found.broken, `round ${round + 1}`);
    if ((round + 1) % ROUNDS_PER_FILE === 0) say(`${round + 1} rounds: ${found.bulk + found.fresh} spans in this file`);
  }
  found = await lastLife(ground, sent);
  total.acknowledged += sent.acknowledged.size;
  total.bulk += found.bulk;
  total.fresh += found.fresh;
  total.spans += found.bulk + found.fresh;
}

/** Returns at the moment of the kill; `sent.settled` resolves when the senders have noticed it. */
async function loadUntilKillTime(addresses, sent, makers) {
  const exporter = new Exporter(addresses);
  const again = [...sent.unanswered(), ...[...sent.acknowledged].filter(() => random.chance(RESENT_ONE_IN)).map((name) => sent.batches.get(name))];
  const state = { isOver: false, answers: 0, answersOfLarge: 0 };
  const senders = SENDERS.map(async ({ protocol, sizes }, index) => {
    while (!state.isOver) {
      const batch = again.shift() ?? sent.add(makers[index].next(random.pick(sizes)));
      await sendUntilAnswered({ exporter, protocol, batch, sent, state });
    }
  });
  sent.settled = Promise.all(senders).then(() => exporter.close());
  const answers = 1 + random.below(MAX_ANSWERS);
  // Every second kill comes after a whole row group was acknowledged.
  while (!state.isOver && (state.answers < answers || (round % 2 === 0 && state.answersOfLarge === 0))) await pause(1);
  await pause(random.below(MAX_KILL_DELAY_MS));
  state.isOver = true;
}

async function sendUntilAnswered({ exporter, protocol, batch, sent, state }) {
  for (;;) {
    const answer = await exporter.send(protocol, batch.bytes());
    if (answer.kind === 'wrong') endIfBroken([`batch ${batch.name} was answered ${answer.message}`], `round ${round + 1}`);
    if (answer.kind === 'stored') {
      sent.acknowledged.add(batch.name);
      state.answers += 1;
      if (batch.spans === MAX_BATCH_SPANS) state.answersOfLarge += 1;
      return;
    }
    if (state.isOver) return;
    if (answer.kind === 'gone') endIfBroken([`nobody had killed it, and yet: ${answer.message}`], `round ${round + 1}`);
    await pause(RETRY_MS);
  }
}

/** All that was left without answer is sent again, traces can be read, and it ends in order. */
async function lastLife(ground, sent) {
  const service = ground.start();
  const addresses = await service.ready;
  const exporter = new Exporter(addresses);
  const state = { isOver: false, answers: 0, answersOfLarge: 0 };
  for (const batch of sent.unanswered()) await sendUntilAnswered({ exporter, protocol: 'http', batch, sent, state });
  const names = [...sent.acknowledged];
  for (let asked = 0; asked < TRACES_ASKED && names.length > 0; asked += 1) {
    const batch = sent.batches.get(random.pick(names));
    // The trace of a spoiled batch of one span was rejected.
    if (batch.good === 0) continue;
    const answer = await fetch(`${addresses.http}/api/v1/traces/${batch.traceId()}`);
    await answer.arrayBuffer();
    if (answer.status !== 200) endIfBroken([`a trace of batch ${batch.name} is answered ${answer.status}`], 'the last life');
  }
  exporter.close();
  const { code, signal } = await service.stop();
  if (code !== 0) endIfBroken([`it ended with ${code ?? signal}: ${service.said}`], 'the last life');
  const found = await inspect(ground.dataDir, sent);
  endIfBroken(found.broken, 'the last life');
  return found;
}
