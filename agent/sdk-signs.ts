import type { ProcessFacts } from './process-facts.js';

/** How the usual ways of loading an OpenTelemetry SDK look from outside. The environment alone (`OTEL_SERVICE_NAME`) proves nothing. */
const SIGNS: readonly (readonly [name: string, value: RegExp])[] = [
  ['NODE_OPTIONS', /@opentelemetry\/|opentelemetry-instrumentation|\/otel-/],
  ['JAVA_TOOL_OPTIONS', /-javaagent:\S*(?:opentelemetry|otel)/],
  ['PYTHONPATH', /opentelemetry\/instrumentation\/auto_instrumentation/],
  // The id of the OpenTelemetry .NET profiler.
  ['CORECLR_PROFILER', /918728DD-259F-4A6A-AC2B-B85E1B658318/i],
];
const ARGUMENTS = /opentelemetry-instrument$|@opentelemetry\/|-javaagent:\S*(?:opentelemetry|otel)/;

/** Whether a process has an SDK by its looks. Others show it by sending telemetry, or a context nobody gave them. */
export function hasSdk({ environment, arguments: words }: ProcessFacts): boolean {
  return SIGNS.some(([name, value]) => value.test(environment?.[name] ?? '')) || (words ?? []).some((word) => ARGUMENTS.test(word));
}
