// The most memory that a process and one of its children have at the same moment. A thread of its own: the bench blocks while a load runs.
// Messages to it: {pid, child} to begin (`child`: the beginning of the child's name), 'end'; from it, at the end: {bothMib}.
import { readFileSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { memoryMib } from './process-cost.js';

const EVERY_MS = 20;
let most = 0;
let timer;

const read = (path) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};

function residentMib(pid) {
  try {
    return memoryMib(pid).now;
  } catch {
    return 0;
  }
}

function look({ pid, child }) {
  const children = read(`/proc/${pid}/task/${pid}/children`).trim().split(' ').filter((one) => one !== '' && read(`/proc/${one}/comm`).startsWith(child));
  most = Math.max(most, [pid, ...children].reduce((sum, one) => sum + residentMib(one), 0));
}

parentPort.on('message', (message) => {
  clearInterval(timer);
  if (message === 'end') {
    parentPort.postMessage({ bothMib: most });
    return;
  }
  most = 0;
  timer = setInterval(look, EVERY_MS, message);
});
