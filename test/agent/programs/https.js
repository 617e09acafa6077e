// A TLS server (`serve`: prints its port, answers each request with its path, ends with stdin) or client (`ask PORT PATH…`, one
// connection kept alive), by Node's own OpenSSL. The certificate and key come in the environment.
import { once } from 'node:events';
import { Agent, createServer, get } from 'node:https';

const [, , mode, port, ...paths] = process.argv;
const { TEST_CERT: cert, TEST_KEY: key } = process.env;

async function ask(agent, path) {
  const [response] = await once(get({ agent, host: '127.0.0.1', port, path, ca: cert, checkServerIdentity: () => undefined }), 'response');
  let body = '';
  for await (const part of response) body += part;
  return body;
}

if (mode === 'serve') {
  const server = createServer({ cert, key }, (request, response) => response.end(`node says ${request.url}`)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  process.stdout.write(`${server.address().port}\n`);
  process.stdin.resume().on('end', () => process.exit(0));
} else {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (const path of paths) process.stdout.write(`${await ask(agent, path)}\n`);
  agent.destroy();
}
