import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from './eventually.js';
import { TEST_TLS } from './otlp-tls.js';

const PROGRAM = fileURLToPath(new URL('../../bin/tocsin.js', import.meta.url));
const SHOP = fileURLToPath(new URL('../agent/programs/shop.js', import.meta.url));
const NOBODY = 65_534;

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function listens(port: number): Promise<void> {
  return eventually(() => new Promise<void>((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve();
    });
    socket.on('error', reject);
  }), { withinMs: 40_000 });
}

/** nginx in front of an application with PostgreSQL and Redis behind it; real programs, none of them instrumented. nginx and PostgreSQL speak TLS as well. */
export class AgentGround {
  readonly directory = mkdtempSync(join(tmpdir(), 'tocsin-agent-'));
  readonly #children: ChildProcess[] = [];
  nginxPort = 0;
  /** nginx over TLS. */
  httpsPort = 0;
  pgPort = 0;
  shop!: ChildProcess;

  constructor() {
    chmodSync(this.directory, 0o755);
  }

  async start(): Promise<void> {
    const [pgPort, redisPort, nginxPort] = [await freePort(), await freePort(), await freePort()];
    Object.assign(this, { nginxPort, pgPort, httpsPort: await freePort() });
    await Promise.all([this.#postgres(pgPort), this.#redis(redisPort)]);
    this.shop = this.#spawn(process.execPath, [SHOP, String(pgPort), String(redisPort)], ['ignore', 'pipe', 'ignore']);
    const shopPort = await new Promise<number>((resolve) => this.shop.stdout?.once('data', (text: Buffer) => resolve(Number(text.toString()))));
    await this.#nginx(shopPort);
  }

  /** `tocsin agent`, ready. `through`: a program, with its arguments, that starts it. */
  async agent(config: string, through: readonly string[] = []): Promise<{ readonly child: ChildProcess; readonly loaderPid: number; readonly stderr: () => string }> {
    const file = join(this.directory, 'agent.yaml');
    writeFileSync(file, config);
    const line = [...through, process.execPath, PROGRAM, 'agent', '--config', file];
    const child = this.#spawn(line[0]!, line.slice(1), ['ignore', 'pipe', 'pipe']);
    let [stdout, stderr] = ['', ''];
    child.stdout?.on('data', (text: Buffer) => { stdout += text.toString(); });
    child.stderr?.on('data', (text: Buffer) => { stderr += text.toString(); });
    const loaderPid = await eventually(() => {
      const line = /^\{"ready":.*\}$/m.exec(stdout)?.[0];
      if (line === undefined) throw new Error(`the agent is not ready: ${stderr}`);
      return (JSON.parse(line) as { readonly ready: { readonly agent: { readonly pid: number } } }).ready.agent.pid;
    }, { withinMs: 60_000 });
    return { child, loaderPid, stderr: () => stderr };
  }

  /** The certificate and its key, as files that only `owner` can read. */
  #keyPair(name: string, owner: number): { readonly cert: string; readonly key: string } {
    const files = { cert: join(this.directory, `${name}.cert`), key: join(this.directory, `${name}.key`) };
    for (const [what, file] of Object.entries(files)) {
      writeFileSync(file, TEST_TLS[what as keyof typeof files], { mode: 0o600 });
      chownSync(file, owner, owner);
    }
    return files;
  }

  get(path: string): Promise<number> {
    return fetch(`http://127.0.0.1:${this.nginxPort}${path}`).then(async (response) => {
      await response.text();
      return response.status;
    });
  }

  remove(): void {
    for (const child of this.#children) child.kill('SIGTERM');
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }

  #spawn(command: string, args: readonly string[], stdio: ('ignore' | 'pipe')[], owner: { readonly uid?: number; readonly gid?: number } = {}): ChildProcess {
    const child = spawn(command, [...args], { stdio, cwd: this.directory, ...owner, env: { PATH: process.env['PATH'] ?? '' } });
    this.#children.push(child);
    return child;
  }

  async #redis(port: number): Promise<void> {
    this.#spawn('redis-server', ['--port', String(port), '--save', '', '--dir', this.directory], ['ignore', 'ignore', 'ignore']);
    await listens(port);
  }

  async #postgres(port: number): Promise<void> {
    const bin = execFileSync('sh', ['-c', 'ls -d /usr/lib/postgresql/*/bin | tail -1'], { encoding: 'utf8' }).trim();
    const data = join(this.directory, 'postgres');
    mkdirSync(data);
    chownSync(data, NOBODY, NOBODY);
    const owner = { uid: NOBODY, gid: NOBODY };
    execFileSync(join(bin, 'initdb'), ['-D', data, '-A', 'trust', '-U', 'shop'], { ...owner, cwd: data, stdio: 'ignore' });
    const { cert, key } = this.#keyPair('postgres', NOBODY);
    this.#spawn(join(bin, 'postgres'), ['-D', data, '-p', String(port), '-k', data, '-c', 'listen_addresses=127.0.0.1', '-c', 'ssl=on', '-c', `ssl_cert_file=${cert}`, '-c', `ssl_key_file=${key}`], ['ignore', 'ignore', 'ignore'], owner);
    const sql = (database: string, text: string): unknown => execFileSync(join(bin, 'psql'), ['-h', '127.0.0.1', '-p', String(port), '-U', 'shop', '-X', '-q', '-c', text, database], { stdio: 'ignore' });
    await eventually(() => { sql('postgres', 'SELECT 1'); }, { withinMs: 40_000 });
    sql('postgres', 'CREATE DATABASE shop');
    sql('shop', "CREATE TABLE orders AS SELECT n AS id, 'customer ' || n AS customer FROM generate_series(1, 100) AS n");
  }

  async #nginx(upstream: number): Promise<void> {
    const file = join(this.directory, 'nginx.conf');
    const { cert, key } = this.#keyPair('nginx', 0);
    writeFileSync(file, `daemon off; pid ${this.directory}/nginx.pid; error_log stderr; worker_processes 1;
events { worker_connections 256; }
http { access_log off; client_body_temp_path ${this.directory}/body; proxy_temp_path ${this.directory}/proxy;
  ssl_certificate ${cert}; ssl_certificate_key ${key};
  server { listen 127.0.0.1:${this.nginxPort}; listen 127.0.0.1:${this.httpsPort} ssl; location / { proxy_pass http://127.0.0.1:${upstream}; proxy_http_version 1.1; proxy_set_header Connection ""; } } }`);
    this.#spawn('nginx', ['-c', file, '-p', this.directory], ['ignore', 'ignore', 'ignore']);
    await listens(this.nginxPort);
  }
}
