import { spawn, type ChildProcess } from 'node:child_process';
import { freePort } from './agent-ground.js';
import { eventually } from './eventually.js';
import { pythonEnvironment, type PythonEnvironment } from './python-environment.js';

/** Requests that the server takes before it asks who sends them: user, key, policy, bucket. */
const SETUP_REQUESTS = 4;
const POLICY = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }] });

/** A server of S3 that is none of ours (moto): it checks signatures, rights, sizes of parts and digests. Undefined where it cannot be had. */
export const s3Packages = (): PythonEnvironment | undefined => pythonEnvironment({ name: 'tocsin-s3-server', packages: ['moto[s3]==5.2.5', 'flask==3.1.3', 'flask-cors==6.0.5'], what: 'an S3 server (moto)' });

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export class S3Server {
  readonly url: string;
  readonly credentials: S3Credentials;
  readonly #process: ChildProcess;

  private constructor(url: string, credentials: S3Credentials, process: ChildProcess) {
    this.url = url;
    this.credentials = credentials;
    this.#process = process;
  }

  static async start({ python }: PythonEnvironment, bucket: string): Promise<S3Server> {
    const port = await freePort();
    const server = spawn(python, ['-m', 'moto.server', '--host', '127.0.0.1', '--port', String(port)], { stdio: 'ignore', env: { ...process.env, INITIAL_NO_AUTH_ACTION_COUNT: String(SETUP_REQUESTS) } });
    const url = `http://127.0.0.1:${port}`;
    await eventually(async () => { await fetch(`${url}/moto-api/data.json`); }, { withinMs: 60_000 });
    await iam(url, { Action: 'CreateUser', UserName: 'tocsin' });
    const created = await iam(url, { Action: 'CreateAccessKey', UserName: 'tocsin' });
    await iam(url, { Action: 'PutUserPolicy', UserName: 'tocsin', PolicyName: 's3', PolicyDocument: POLICY });
    const { status } = await fetch(`${url}/${bucket}`, { method: 'PUT' });
    if (status !== 200) throw new Error(`the bucket was answered with ${status}`);
    const read = (element: string): string => new RegExp(`<${element}>([^<]+)`).exec(created)?.[1] ?? '';
    return new S3Server(url, { accessKeyId: read('AccessKeyId'), secretAccessKey: read('SecretAccessKey') }, server);
  }

  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.#process.once('exit', () => resolve());
      this.#process.kill('SIGKILL');
    });
  }
}

async function iam(url: string, action: Readonly<Record<string, string>>): Promise<string> {
  const authorization = 'AWS4-HMAC-SHA256 Credential=nobody/20261127/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=none';
  const response = await fetch(url, { method: 'POST', headers: { authorization }, body: new URLSearchParams({ ...action, Version: '2010-05-08' }) });
  if (!response.ok) throw new Error(`${action['Action'] ?? ''} was answered with ${response.status}: ${await response.text()}`);
  return response.text();
}
