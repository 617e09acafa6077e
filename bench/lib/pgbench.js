// pgbench -S, at a rate or as fast as it goes: how long each statement took, from its own log. With a rate its "latency" begins when a
// statement was due, and its summary knows the mean alone, which a few that waited for a processor decide.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** `rate` 0: as fast as it goes. */
export function pgbench({ port, rate, connections, seconds }) {
  const place = mkdtempSync(join(tmpdir(), 'tocsin-pgbench-'));
  try {
    const args = ['-h', '127.0.0.1', '-p', port, '-U', 'bench', '-n', '-S', ...(rate > 0 ? ['-R', rate] : []), '-c', connections, '-T', seconds, '-l', `--log-prefix=${join(place, 'log')}`, 'postgres'];
    const text = execFileSync('pgbench', args.map(String), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    const took = readdirSync(place).flatMap((name) => statementsUs(readFileSync(join(place, name), 'utf8'))).sort((left, right) => left - right);
    const at = (share) => took[Math.floor((took.length - 1) * share)] / 1000;
    return {
      requests: Number(/processed: (\d+)/.exec(text)[1]), rate: Number(/tps = ([\d.]+)/.exec(text)[1]), wrong: Number(/failed transactions: (\d+)/.exec(text)?.[1] ?? 0),
      p50Ms: at(0.5), p99Ms: at(0.99), meanMs: took.reduce((sum, one) => sum + one, 0) / took.length / 1000,
    };
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** `client transaction time script epoch us [lag]`, times in microseconds (PostgreSQL documentation, pgbench, "Per-Transaction Logging"). */
function statementsUs(log) {
  return log.trim().split('\n').filter((line) => line !== '').map((line) => {
    const fields = line.split(' ');
    return Number(fields[2]) - Number(fields[6] ?? 0);
  });
}
