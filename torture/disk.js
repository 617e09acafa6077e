// Takes the disk away from a real service under load and gives it back:
//   sudo npm run torture:disk -- [--rounds 12] [--seed N] [--minutes 60]
// A small file system fills up, refuses every write, or fails and is turned read-only by the kernel. Senders must get answers that tell them to
// come back (503 + Retry-After, UNAVAILABLE + RetryInfo), /healthz must answer, nothing acknowledged may be lost, also when the service is
// killed meanwhile, and it must go on by itself when writes are taken again. Skipped, with the reason, where it may not mount.
import { endIfBroken, pause, readOptions, say, Sent } from './lib/campaign.js';
import { BatchMaker, MAX_BATCH_SPANS } from './lib/batches.js';
import { Exporter } from './lib/exporter.js';
import { inspect } from './lib/inspect.js';
import { Ground } from './lib/service.js';
import { availableDisks } from './lib/small-disk.js';

const SENDERS = [{ protocol: 'http', sizes: [40, 500] }, { protocol: 'grpc', sizes: [200, 1_000, 4_096] }, { protocol: 'grpc', sizes: [MAX_BATCH_SPANS] }];
/** Room for no commit, for part of one, for a few. */
const LEFT_BYTES = [0, 65_536, 1_000_000, 4_000_000];
const ANSWERS_BEFORE = 4;
const REFUSALS = 4;
const RETRY_MS = 250;
const BLOCKED_MS = 2_000;
const KILLED_ONE_IN = 3;
/** Bounds for a machine that is busy with other things. */
const REFUSED_WITHIN_MS = 120_000;
const RECOVERED_WITHIN_MS = 120_000;

const { rounds, untilMs, random } = readOptions({ rounds: 12, minutes: 60 });
const { disks, missing } = availableDisks();
for (const reason of missing) say(`SKIPPED: ${reason}`);
let round = 0;
const total = { refused: 0, acknowledged: 0, spans: 0, killed: 0, recoveredMs: [] };

async function oneRound(Kind) {
  const disk = new Kind();
  const ground = new Ground(disk.dataDir);
  const sent = new Sent();
  try {
    const life = await Life.begin(ground, sent, SENDERS.map((_, index) => new BatchMaker(index + 1)));
    await life.until(() => life.answers >= ANSWERS_BEFORE, 'it acknowledged nothing');
    disk.block(random.pick(LEFT_BYTES));
    const refusedBefore = life.refused;
    await life.until(() => life.refused >= refusedBefore + REFUSALS, 'nobody was told to come back', REFUSED_WITHIN_MS);
    await life.expectHealthy();
    await pause(random.below(BLOCKED_MS));
    const found = disk.isRepairedInPlace && !random.chance(KILLED_ONE_IN) ? await goOn(life, disk) : await startAnew({ life, disk, ground, sent });
    total.refused += life.refused;
    total.acknowledged += sent.acknowledged.size;
    total.spans += found.bulk + found.fresh;
    say(`round ${round + 1}, ${Kind.title}: ${life.refused} told to come back, ${found.bulk + found.fresh} spans stored`);
  } finally {
    disk.remove();
    ground.remove();
  }
}

/** The disk comes back to the running service. */
async function goOn(life, disk) {
  const beganMs = performance.now();
  disk.unblock();
  const answered = life.answers;
  await life.until(() => life.answers > answered, 'it does not take data again', RECOVERED_WITHIN_MS);
  total.recoveredMs.push(performance.now() - beganMs);
  await life.finish();
  return life.endAndInspect();
}

/** It dies while the disk is away, and is started when it is back. */
async function startAnew({ life, disk, ground, sent }) {
  await life.kill();
  total.killed += 1;
  disk.unblock();
  const next = await Life.begin(ground, sent, life.makers);
  await next.until(() => next.answers >= ANSWERS_BEFORE, 'it does not take data again', RECOVERED_WITHIN_MS);
  await next.finish();
  return next.endAndInspect();
}

/** One life of the service, and the senders that load it. */
class Life {
  answers = 0;
  refused = 0;
  #isOver = false;

  static async begin(ground, sent, makers) {
    const life = new Life();
    Object.assign(life, { ground, sent, makers, service: ground.start() });
    life.addresses = await life.service.ready;
    life.exporter = new Exporter(life.addresses);
    const again = sent.unanswered();
    life.senders = Promise.all(SENDERS.map(({ protocol, sizes }, index) => life.#send({ protocol, sizes, maker: makers[index], again })));
    return life;
  }

  async until(isSo, problem, withinMs = RECOVERED_WITHIN_MS) {
    const endMs = performance.now() + withinMs;
    while (!isSo()) {
      if (performance.now() > endMs) endIfBroken([`${problem} within ${withinMs / 1_000} s: ${this.service.said}`], `round ${round + 1}`);
      await pause(5);
    }
  }

  async expectHealthy() {
    const answer = await fetch(`${this.addresses.http}/healthz`);
    await answer.arrayBuffer();
    if (answer.status !== 200) endIfBroken([`/healthz is answered ${answer.status} while the disk is away`], `round ${round + 1}`);
  }

  /** No new batches; what was begun is sent until it is acknowledged. */
  async finish() {
    this.#isOver = true;
    await this.until(() => this.sent.unanswered().length === 0, 'batches that were told to come back are not taken');
    await this.senders;
  }

  async kill() {
    this.#isOver = true;
    this.isKilled = true;
    await this.service.kill();
    await this.senders;
    this.exporter.close();
  }

  async endAndInspect() {
    this.exporter.close();
    const { code, signal } = await this.service.stop();
    if (code !== 0) endIfBroken([`it ended with ${code ?? signal}: ${this.service.said}`], `round ${round + 1}`);
    const found = await inspect(this.ground.dataDir, this.sent);
    endIfBroken(found.broken, `round ${round + 1}`);
    return found;
  }

  async #send({ protocol, sizes, maker, again }) {
    while (!this.#isOver || again.length > 0) {
      if (this.isKilled) return;
      const batch = again.shift() ?? this.sent.add(maker.next(random.pick(sizes)));
      await this.#sendUntilStored(protocol, batch);
    }
  }

  async #sendUntilStored(protocol, batch) {
    for (;;) {
      const answer = await this.exporter.send(protocol, batch.bytes());
      if (answer.kind === 'stored') {
        this.sent.acknowledged.add(batch.name);
        this.answers += 1;
        return;
      }
      if (answer.kind === 'later') this.refused += 1;
      else if (this.isKilled) return;
      else endIfBroken([`batch ${batch.name} was answered: ${answer.message}`], `round ${round + 1}`);
      await pause(RETRY_MS);
      if (this.isKilled) return;
    }
  }
}

for (; disks.length > 0 && round < rounds && Date.now() < untilMs; round += 1) await oneRound(disks[round % disks.length]);
if (round > 0) {
  say(`${round} rounds, ${total.killed} with a kill: ${total.refused} requests told to come back, ${total.acknowledged} batches acknowledged, ${total.spans} spans stored`);
  if (total.recoveredMs.length > 0) say(`took data again by itself within ${Math.round(Math.max(...total.recoveredMs))} ms of getting its disk back (longest of ${total.recoveredMs.length})`);
  say('every promise kept');
}
