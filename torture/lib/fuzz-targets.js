import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const dist = process.env.TORTURE_DIST ?? new URL('../../dist', import.meta.url).href;
const NOW_MS = 1_795_132_800_000;
const LIMIT_BYTES = 1 << 20;

/**
 * What is fuzzed, by name: each takes bytes and throws where a promise is broken. Bytes are never the fault of the code: they
 * make a batch that holds together, or a message.
 */
export async function createTargets() {
  const { createTraceDecoder, createLogDecoder } = await import(`${dist}/ingest/decoder.js`);
  const { firstServiceName } = await import(`${dist}/ingest/service-name.js`);
  const traces = createTraceDecoder();
  const logs = createLogDecoder();
  const redact = await createRedaction();
  const decode = (body, encoding) => {
    checkName(firstServiceName(body, encoding));
    const spans = traces.decode({ body, encoding, receivedAtMs: NOW_MS });
    checkBatch(spans);
    if (spans.ok) redact('spans', spans.batch);
    const records = logs.decode({ body, encoding, receivedAtMs: NOW_MS });
    checkBatch(records);
    if (records.ok) redact('logs', records.batch);
  };
  return { protobuf: (body) => decode(body, 'protobuf'), json: (body) => decode(body, 'json'), gzip: await createGzipTarget(), withRedactor: redact.isReal === true };
}

/** The redactor with every detector on, over whatever was decoded. */
async function createRedaction() {
  if (!existsSync(fileURLToPath(`${dist}/ingest/redactor.js`))) return () => undefined;
  const { DETECTOR_NAMES } = await import(`${dist}/config/redaction.js`);
  const { compileRedaction } = await import(`${dist}/ingest/redact-compile.js`);
  const { createRedactor } = await import(`${dist}/ingest/redactor.js`);
  const at = { file: 'fuzz', line: 1, column: 1 };
  const keys = { any: { names: ['cookie'], prefixes: ['http.request.header.'], patterns: [] }, except: undefined };
  const rules = [
    { name: 'headers', mode: 'drop', attributes: keys, detect: [], secretNames: [], at },
    { name: 'detectors', mode: 'mask', attributes: undefined, detect: [...DETECTOR_NAMES], secretNames: ['shibboleth'], at },
  ];
  const { redaction, problems } = compileRedaction([{ name: 'fuzz', enabled: true, services: undefined, exempt: undefined, rules, at }]);
  if (problems.length > 0) throw new Error(problems.map(({ message }) => message).join('; '));
  const redactor = createRedactor(redaction);
  return Object.assign((signal, batch) => checkBatch({ ok: true, batch: redactor[signal](batch).batch }), { isReal: true });
}

/** Asynchronous, as inflating is. The budget must be as it was afterwards. */
async function createGzipTarget() {
  const { BodyCollector } = await import(`${dist}/ingest/http-body-collector.js`);
  const { ByteBudget } = await import(`${dist}/ingest/byte-budget.js`);
  const budget = new ByteBudget(4 * LIMIT_BYTES);
  return async (body, encoding = 'gzip') => {
    const hold = budget.open({ who: 'fuzz' }, NOW_MS);
    const result = await new Promise((resolve) => {
      const collector = new BodyCollector({ encoding, limitBytes: LIMIT_BYTES, hold }, { pause: () => undefined, resume: () => undefined, done: resolve });
      const middle = body.length >> 1;
      collector.write(body.subarray(0, middle));
      collector.write(body.subarray(middle));
      collector.end();
    });
    if (result.kind === 'read' && result.bytes.length > LIMIT_BYTES) throw new Error(`${result.bytes.length} bytes came out, over the limit`);
    if (result.kind === 'read' && budget.used !== result.bytes.length) throw new Error('the bytes are not those that were counted');
    hold.release();
    if (budget.used !== 0) throw new Error(`${budget.used} bytes stay reserved`);
    return result;
  };
}

function checkName(name) {
  if (typeof name !== 'string' || name.length > 255) throw new Error('a service name that is none');
}

function checkBatch(result) {
  if (!result.ok) {
    if (!/^not (OTLP|JSON)/.test(result.message)) throw new Error(`a message without its beginning: ${result.message}`);
    return;
  }
  const { batch } = result;
  if (batch.attributeStart.length !== batch.count + 1) throw new Error('attributeStart has the wrong length');
  if (batch.attributeStart[batch.count] !== batch.attributes.length) throw new Error('attributeStart does not end with the attributes');
  for (let row = 0; row < batch.count; row += 1) {
    if (batch.resources[batch.resourceIndex[row]] === undefined) throw new Error('a row without its resource');
    if (batch.scopes[batch.scopeIndex[row]] === undefined) throw new Error('a row without its scope');
  }
  for (const attribute of batch.attributes) {
    if (isWellFormed(attribute.json)) continue;
    JSON.parse(`{${attribute.json}}`);
    known.set(attribute.json, true);
  }
}

/** Attributes repeat from input to input: parsing each again would cost more than all the rest. */
const KNOWN = 20_000;
const known = new Map();

function isWellFormed(json) {
  if (known.size > KNOWN) known.clear();
  return known.has(json);
}
