import type { FactTable, QualityFact } from './quality-fact.js';
import type { FoundFinding } from './quality-finding.js';
import type { Glossary, QualityThresholds } from '../config/quality-rule.js';
import { FEW, isPattern } from './pattern.js';
import { percent, whole } from './words.js';

/** Keys whose values conventions want few of; more of them make metrics and groups explode. */
const MANY_VALUES = 200;

/** What spans carry: sensitive data, names, kinds, status, conventions. */
export function findContentFindings(table: FactTable, thresholds: QualityThresholds): FoundFinding[] {
  return [
    ...sensitiveData(table), ...table.of('span-names').flatMap((fact) => spanNames(fact, thresholds)), ...table.of('attribute-values').flatMap(attributeValues),
    ...table.of('attribute-keys').flatMap((fact) => attributeKeys(fact, thresholds)), ...table.of('inner-kind').flatMap((fact) => innerKind(fact, table)), ...table.of('entry-kind').flatMap(entryKind),
    ...table.of('root-kind').flatMap(clientRoots), ...table.of('wrong-status').flatMap(wrongStatus), ...oldNames(table), ...mixedVersions(table),
    ...table.of('tiny-spans').flatMap((fact) => tinySpans(fact, table)), ...table.of('loop').flatMap((fact) => loop(fact, table)), ...table.of('limits-hit').flatMap(limitsHit),
    ...table.of('logs').flatMap((fact) => logsWithoutTrace(fact, thresholds)),
  ];
}

function sensitiveData(table: FactTable): FoundFinding[] {
  return table.of('sensitive').flatMap(({ service, subject, n, examples }): FoundFinding[] => {
    const [kind = '', place = '', state = ''] = JSON.parse(subject) as string[];
    const isConcealed = state === 'concealed';
    // Concealed here and stored there, as in the week of a new redaction rule, is one leak: the worse is told.
    if (isConcealed && table.get('sensitive', service, JSON.stringify([kind, place, 'stored'])) !== undefined) return [];
    const key = place.replace(/^resource /, '');
    const statements = place === 'span name' ? [`set(span.name, "…")`] : [`delete_key(${place.startsWith('resource ') ? 'resource' : 'span'}.attributes, "${key}")`];
    return [{
      kind: 'sensitive-data', severity: isConcealed ? 'medium' : 'high', service, about: `${kind} ${place}`, affected: n, of: table.get('spans', service)?.n ?? n, examples,
      title: `${service} sends sensitive data: ${kind} in ${place}`,
      detail: isConcealed
        ? `${whole(n)} spans carried it. Tocsin concealed it before anything was written; every other reader of these spans gets it in full.`
        : `At least ${whole(n)} spans carry it, and it is stored: no redaction rule conceals it.`,
      cause: 'The instrumentation records a whole request, header, statement or object, or code sets the attribute from what a user sent.',
      fix: isConcealed || place === 'span name'
        ? { where: 'OpenTelemetry Collector, before every exporter', language: 'yaml', text: `processors:\n  transform/sensitive:\n    trace_statements:\n      - '${statements[0] ?? ''} where resource.attributes["service.name"] == "${service}"'` }
        : { where: 'rules/people.yaml of Tocsin, and the code that sets it', language: 'yaml', text: `apiVersion: tocsin.dev/v1\nkind: Redaction\nmetadata: { name: people }\nspec:\n  services: { names: [${service}] }\n  rules:\n    - { name: leak, attributes: { names: ['${key}'] }, mode: drop }` },
    }];
  });
}

/** Attributes that neither a convention nor the organisation's glossary knows. Few are named: the rest says the same again. */
export function outsideGlossary(table: FactTable, glossary: Glossary | undefined): FoundFinding[] {
  if (glossary === undefined) return [];
  const isKnown = (key: string): boolean => glossary.attributes.has(key) || glossary.prefixes.some((prefix) => key.startsWith(prefix));
  return groupByService(table.of('attribute-key').filter(({ subject }) => !isKnown(subject))).map(([service, facts]): FoundFinding => {
    const keys = facts.sort((left, right) => right.n - left.n).map(({ subject }) => subject);
    return {
      kind: 'outside-glossary', severity: 'low', service, about: '', affected: keys.length, of: keys.length, examples: facts.flatMap(({ examples }) => examples).slice(0, 3),
      title: `${service} uses ${keys.length} attribute${keys.length === 1 ? '' : 's'} that ${keys.length === 1 ? 'is' : 'are'} not in the glossary`,
      detail: `${keys.slice(0, KEYS_NAMED).join(', ')}${keys.length > KEYS_NAMED ? ` and ${keys.length - KEYS_NAMED} more` : ''}. What two teams name differently cannot be searched or grouped together.`,
      cause: 'Code sets an attribute whose name nobody agreed on, or misspells one.',
      fix: { where: 'rules/quality.yaml, where the name is right; else the code that sets it', language: 'yaml', text: `  glossary:\n    attributes: [${keys.slice(0, KEYS_NAMED).map((key) => JSON.stringify(key)).join(', ')}]` },
    };
  });
}

const KEYS_NAMED = 8;

function spanNames({ service, n, value, examples }: QualityFact, { spanNames: limit }: QualityThresholds): FoundFinding[] {
  if (value <= limit) return [];
  return [{
    kind: 'span-name-cardinality', severity: 'medium', service, about: '', affected: value, of: n, examples,
    title: `${service} has about ${whole(value)} different span names`,
    detail: `Up to ${limit} are normal. Rates, errors and durations are by name: with this many each has too little traffic to say anything.`,
    cause: 'Ids, user input or whole statements are part of the names.',
    fix: { where: `code of ${service}`, language: 'js', text: "span.updateName('GET /orders/{id}'); // the route, not the path\nspan.setAttribute('http.route', '/orders/{id}');" },
  }];
}

function attributeValues({ service, subject: key, n, value, examples }: QualityFact): FoundFinding[] {
  if (value <= MANY_VALUES) return [];
  return [{
    kind: 'attribute-cardinality', severity: 'medium', service, about: key, affected: value, of: n, examples,
    title: `${service} puts about ${whole(value)} different values into ${key}`,
    detail: `In a sample of ${whole(n)} spans. The conventions want few values in ${key}: dashboards and metrics group by it.`,
    cause: `A raw path, statement or message is written into ${key} instead of its template.`,
    fix: { where: 'OpenTelemetry Collector', language: 'yaml', text: `processors:\n  transform/cardinality:\n    trace_statements:\n      - 'replace_pattern(span.attributes["${key}"], "[0-9a-f-]{8,}|[0-9]+", "{id}") where resource.attributes["service.name"] == "${service}"'` },
  }];
}

function attributeKeys({ service, n, value, examples }: QualityFact, { attributeKeys: limit }: QualityThresholds): FoundFinding[] {
  if (value <= limit) return [];
  return [{
    kind: 'attribute-keys', severity: 'medium', service, about: '', affected: value, of: n, examples,
    title: `${service} uses about ${whole(value)} different attribute keys`, detail: `Up to ${limit} are normal. Nobody finds anything by a key that was used once.`,
    cause: 'Ids or headers are part of the keys.', fix: { where: `code of ${service}`, language: 'js', text: "span.setAttribute('order.id', id);   // not: span.setAttribute(`order.${id}`, true)" },
  }];
}

function innerKind({ service, n, bad, examples }: QualityFact, table: FactTable): FoundFinding[] {
  if (n < 2 * FEW || bad < n) return [];
  // Nobody is seen to call it: it may be a job, which serves nobody.
  const isCalled = table.get('entry-kind', service) !== undefined;
  return [{
    kind: 'missing-kinds', severity: isCalled ? 'medium' : 'low', service, about: 'all', affected: bad, of: n, examples,
    title: `All spans of ${service} are INTERNAL`, detail: 'Requests are SERVER and CONSUMER spans: without them the service has no rate, no errors and no SLO.',
    cause: `A bridge or a manual tracer creates spans without their kind, or only the inner framework is instrumented.${isCalled ? '' : ' A job that serves nobody has none, and is right.'}`, fix: kindFix(service),
  }];
}

function entryKind({ service, n, bad, examples }: QualityFact): FoundFinding[] {
  if (!isPattern({ n, bad }, 0.05)) return [];
  return [{
    kind: 'missing-kinds', severity: 'medium', service, about: 'entries', affected: bad, of: n, examples,
    title: `${percent(bad, n)} of the calls that arrive at ${service} are not SERVER or CONSUMER spans`, detail: `${whole(bad)} of ${whole(n)} spans whose parent is another service have the wrong kind. They are not counted as requests.`,
    cause: 'The span that continues the trace is created by hand, without its kind.', fix: kindFix(service),
  }];
}

function kindFix(service: string): FoundFinding['fix'] {
  return { where: `code of ${service}`, language: 'js', text: "import { SpanKind } from '@opentelemetry/api';\ntracer.startActiveSpan('POST /orders', { kind: SpanKind.SERVER }, handle);" };
}

function clientRoots({ service, n, bad, examples }: QualityFact): FoundFinding[] {
  if (!isPattern({ n, bad }, 0.05)) return [];
  return [{
    kind: 'client-roots', severity: 'low', service, about: '', affected: bad, of: n, examples,
    title: `${percent(bad, n)} of the traces of ${service} begin with a CLIENT span`, detail: `${whole(bad)} of ${whole(n)} roots are calls without the request that made them.`,
    cause: 'The entry is not instrumented (a job, a queue, an old framework), or the context is lost within the process.',
    fix: { where: `code of ${service}`, language: 'js', text: "tracer.startActiveSpan('nightly job', { kind: SpanKind.INTERNAL }, async (span) => {\n  try { await run(); } finally { span.end(); }\n});" },
  }];
}

function wrongStatus({ service, subject: side, n, bad, examples }: QualityFact): FoundFinding[] {
  if (!isPattern({ n, bad }, 0.01, FEW / 2)) return [];
  return [{
    kind: 'wrong-status', severity: 'medium', service, about: side, affected: bad, of: n, examples,
    title: `Status and HTTP code disagree on ${side.toUpperCase()} spans of ${service}`,
    detail: `${whole(bad)} of ${whole(n)} sampled spans. 5xx is an error; 4xx is one on CLIENT spans and none on SERVER spans. Error rates that stand on the status are wrong by as much.`,
    cause: 'Code or a framework sets the status by its own rules, or an old SDK treats 4xx as a failure of the server.',
    fix: { where: 'OpenTelemetry Collector', language: 'yaml', text: "processors:\n  transform/status:\n    trace_statements:\n      - 'set(span.status.code, STATUS_CODE_ERROR) where span.attributes[\"http.response.status_code\"] >= 500'\n      - 'set(span.status.code, STATUS_CODE_UNSET) where span.kind == SPAN_KIND_SERVER and span.attributes[\"http.response.status_code\"] < 500'" },
  }];
}

function oldNames(table: FactTable): FoundFinding[] {
  return groupByService(table.of('old-name')).map(([service, facts]): FoundFinding => ({
    kind: 'old-names', severity: 'low', service, about: '', affected: facts.reduce((sum, { n }) => sum + n, 0), of: table.get('spans', service)?.n ?? 0, examples: table.get('spans', service)?.examples ?? [],
    title: `${service} uses ${facts.length} deprecated attribute name${facts.length === 1 ? '' : 's'}`,
    detail: `${facts.slice(0, 6).map(({ subject, n }) => `${subject} (${whole(n)} times)`).join(', ')}. Tocsin renames them on the way in; other readers see a mixture.`,
    cause: 'Its SDK or instrumentation is older than the stable conventions, or code sets the old names.',
    fix: { where: `environment of ${service}, after an update of its instrumentation`, language: 'sh', text: 'OTEL_SEMCONV_STABILITY_OPT_IN=http,database,rpc,messaging,code' },
  }));
}

function mixedVersions(table: FactTable): FoundFinding[] {
  return groupByService(table.of('sdk-version')).flatMap(([service, facts]): FoundFinding[] => {
    const versions = facts.map(({ subject }) => subject).sort();
    if (versions.length < 2) return [];
    return [{
      kind: 'mixed-versions', severity: 'low', service, about: '', affected: versions.length, of: versions.length, examples: facts.flatMap(({ examples }) => examples).slice(0, 3),
      title: `${service} runs ${versions.length} versions of the SDK`, detail: `${versions.join(', ')}. Attributes and names differ with the version, so that rules see only some of the spans.`,
      cause: 'An update was rolled out to some instances only, or two programs share one service name.', fix: { where: `deployment of ${service}`, language: 'text', text: 'Roll the same build out everywhere, or give the second program its own service.name.' },
    }];
  });
}

function tinySpans({ service, n, bad, value, examples }: QualityFact, table: FactTable): FoundFinding[] {
  if (!isPattern({ n, bad }, 0.1)) return [];
  const internal = table.get('internal-spans', service);
  return [{
    kind: 'tiny-spans', severity: 'low', service, about: '', affected: bad, of: n, examples,
    title: `${service} makes more than 20 spans under 5 ms in ${percent(bad, n)} of its traces`,
    detail: `${whole(value)} such spans in ${whole(n)} traces${internal === undefined ? '' : `, ${whole(internal.value)} INTERNAL ones`}. They cost as much as those that say something.`,
    cause: 'Every method or statement of a hot path is instrumented.',
    fix: { where: 'OpenTelemetry Collector', language: 'yaml', text: `processors:\n  filter/tiny:\n    traces:\n      span:\n        - 'span.kind == SPAN_KIND_INTERNAL and (span.end_time_unix_nano - span.start_time_unix_nano) < 1000000 and resource.attributes["service.name"] == "${service}"'` },
  }];
}

function loop({ service, subject: name, n, value, examples }: QualityFact, table: FactTable): FoundFinding[] {
  const traces = table.get('tiny-spans', service)?.n ?? n;
  if (!isPattern({ n: Math.max(n, traces), bad: n }, 0.001, FEW / 2)) return [];
  return [{
    kind: 'loop', severity: 'low', service, about: name, affected: n, of: n, examples,
    title: `${service} does "${name}" up to ${whole(value)} times under one span`, detail: `In ${whole(n)} places of traces the same child came more than 20 times: a loop of calls (N+1), each with a span.`,
    cause: 'One call for each item, where one call for all would do.', fix: { where: `code of ${service}`, language: 'text', text: 'Ask for all items in one call (IN (…), MGET, a batch endpoint); or make one span for the loop, with the number of items as an attribute.' },
  }];
}

function limitsHit({ service, n, bad, value, examples }: QualityFact): FoundFinding[] {
  if (!isPattern({ n, bad }, 0.001)) return [];
  return [{
    kind: 'limits-hit', severity: 'medium', service, about: '', affected: bad, of: n, examples,
    title: `${service} hits limits of its SDK`, detail: `${whole(bad)} of ${whole(n)} spans say that they dropped ${whole(value)} attributes, events or links.`,
    cause: 'More attributes, events or links than the SDK allows a span (128 each by default).', fix: { where: `environment of ${service}`, language: 'sh', text: 'OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT=256\nOTEL_SPAN_EVENT_COUNT_LIMIT=256\nOTEL_SPAN_LINK_COUNT_LIMIT=256' },
  }];
}

function logsWithoutTrace({ service, n, bad }: QualityFact, { logCorrelation }: QualityThresholds): FoundFinding[] {
  if (n < 10 * FEW || !isPattern({ n, bad }, 1 - logCorrelation)) return [];
  return [{
    kind: 'logs-without-trace', severity: 'low', service, about: '', affected: bad, of: n, examples: [],
    title: `${percent(bad, n)} of the log records of ${service} belong to no trace`, detail: `${whole(bad)} of ${whole(n)} records have no trace id: an incident cannot show them beside the span.`,
    cause: 'The logger is not instrumented, or it writes outside of the active span.', fix: { where: `environment of ${service}`, language: 'sh', text: 'OTEL_LOGS_EXPORTER=otlp   # and the instrumentation of its logger (pino, log4j, logging) switched on' },
  }];
}

function groupByService(facts: readonly QualityFact[]): [string, QualityFact[]][] {
  const groups = new Map<string, QualityFact[]>();
  for (const fact of facts) groups.set(fact.service, [...(groups.get(fact.service) ?? []), fact]);
  return [...groups];
}
