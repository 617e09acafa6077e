// Sends everything many times over and counts what is stored:
//   npm run torture:duplicates -- [--rounds 20] [--seed N] [--minutes 60]
// Each batch comes at the same moment over gRPC and HTTP, again byte for byte, and its spans come again in requests of other bytes, also
// both at once, also after restarts: in order in one round, by SIGKILL in the next. Every span must be stored once and counted once; where
// nothing was killed, the ledger must hold every span that was ever sent. Ends with 1 on the first violation.
import { endIfBroken, pause, readOptions, say, Sent } from './lib/campaign.js';
import { BatchMaker, MAX_BATCH_SPANS, rebatched } from './lib/batches.js';
import { Exporter } from './lib/exporter.js';
import { inspect } from './lib/inspect.js';
import { Ground } from './lib/service.js';

const SIZES = [1, 30, 200, 1_000, 3_000];
const BATCHES = 8;
const LIVES = 2;
const AT_ONCE = 4;
const RETRY_MS = 100;
const PROTOCOLS = ['grpc', 'http'];

const { rounds, untilMs, random } = readOptions({ rounds: 20, minutes: 60 });
const total = { spans: 0, requests: 0, stored: 0, restarts: 0 };
let round = 0;
for (; round < rounds && Date.now() < untilMs; round += 1) {
  const ground = new Ground();
  try {
    await oneRound(ground, round % 2 === 1);
  } finally {
    ground.remove();
  }
}
say(`${round} rounds, ${total.restarts} restarts: ${total.spans} spans sent in ${total.requests} requests, ${total.stored} stored`);
say('each of them once, and counted once; every promise kept');

async function oneRound(ground, kills) {
  const sent = new Sent();
  const maker = new BatchMaker(round + 1);
  const tally = { spans: 0, rejected: 0 };
  for (let life = 0; life < LIVES; life += 1) {
    const service = ground.start();
    const exporter = new Exporter(await service.ready);
    await oneLife({ exporter, sent, maker, tally });
    exporter.close();
    const { code, signal } = await (kills && life < LIVES - 1 ? service.kill() : service.stop());
    if (code !== 0 && signal !== 'SIGKILL') broken([`it ended with ${code ?? signal}: ${service.said}`]);
    total.restarts += life === 0 ? 0 : 1;
  }
  const found = await inspect(ground.dataDir, sent);
  broken(found.broken);
  if (!kills) broken(ledgerProblems(found.ledger, tally, sent));
  if (found.bulk === 0) broken(['no whole row group was stored: this proves nothing']);
  total.spans += tally.spans;
  total.stored += found.bulk + found.fresh;
}

async function oneLife({ exporter, sent, maker, tally }) {
  const old = [...sent.batches.values()];
  const made = (sizes) => sizes.map((size) => sent.add(maker.next(size)));
  const send = (requests) => sendAll(exporter, requests);
  const resend = async (batches) => {
    count(tally, batches, 2);
    await send(shuffled([...batches.map((batch) => ({ bytes: () => batch.bytes() })), ...rebatched(batches, random).map((bytes) => ({ bytes: () => bytes }))]));
  };
  // What earlier lives stored comes first, as from a sender's queue.
  await resend(old);
  // The first time a batch is seen, it is seen twice: the same bytes at the same moment, or its spans in requests of other bytes.
  const twice = made([MAX_BATCH_SPANS, ...Array.from({ length: BATCHES - 1 }, () => random.pick(SIZES))]);
  count(tally, twice, PROTOCOLS.length);
  await send(twice.flatMap((batch) => PROTOCOLS.map((protocol) => ({ bytes: () => batch.bytes(), protocol }))));
  await resend(twice);
  const racing = made(Array.from({ length: BATCHES }, () => random.pick(SIZES)));
  await resend(racing);
  for (const { name } of [...twice, ...racing]) sent.acknowledged.add(name);
}

function count(tally, batches, times) {
  for (const { spans, rejected } of batches) {
    tally.spans += spans * times;
    tally.rejected += rejected * times;
  }
}

async function sendAll(exporter, requests) {
  const queue = [...requests];
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      await sendOne(exporter, next.protocol ?? random.pick(PROTOCOLS), next.bytes());
      total.requests += 1;
    }
  }));
}

async function sendOne(exporter, protocol, bytes) {
  for (;;) {
    const answer = await exporter.send(protocol, bytes);
    if (answer.kind === 'stored') return;
    if (answer.kind !== 'later') broken([`a request over ${protocol} was answered: ${answer.message}`]);
    await pause(RETRY_MS);
  }
}

/** Nothing was killed, so the ledger must know of every span that was answered. */
function ledgerProblems(ledger, tally, sent) {
  const sum = (column) => ledger.reduce((all, entry) => all + entry[column], 0);
  const hot = [...sent.batches.values()].reduce((all, { good }) => all + good, 0);
  const expected = { received: tally.spans, hot, rejected: tally.rejected, deduplicated: tally.spans - tally.rejected - hot };
  return Object.entries(expected).filter(([column, value]) => sum(column) !== value).map(([column, value]) => `the ledger says ${column} ${sum(column)}, sent were ${value}`);
}

function shuffled(list) {
  return list.map((item) => ({ item, at: random.below(2 ** 31) })).sort((left, right) => left.at - right.at).map(({ item }) => item);
}

function broken(problems) {
  endIfBroken(problems, `round ${round + 1}`);
}
