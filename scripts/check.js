// What must be right before a test is worth running: `npm run lint`, `types` and `architecture`, beside each other, because each keeps one core busy.
// Each says what it has to say when it ends, so that their words do not mix.
import { spawn } from 'node:child_process';

const CHECKS = [['lint'], ['types', 'architecture']];

function run(script) {
  return new Promise((resolve) => {
    const child = spawn('npm', ['run', '--silent', script], { stdio: ['ignore', 'pipe', 'pipe'] });
    const said = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => said.push(chunk));
    child.once('error', (error) => resolve({ isFine: false, said: `${script}: ${error.message}\n` }));
    child.once('close', (code) => resolve({ isFine: code === 0, said: Buffer.concat(said).toString() }));
  });
}

const results = await Promise.all(CHECKS.map(async (scripts) => {
  let isFine = true;
  for (const script of scripts) {
    const result = await run(script);
    process.stdout.write(result.said);
    isFine &&= result.isFine;
  }
  return isFine;
}));
process.exitCode = results.every(Boolean) ? 0 : 1;
