import { z } from 'zod';
import { parseDuration } from '../../src/lib/duration.js';
import type { IssueParams } from '../../src/lib/validate-document.js';
import { OTLP_HEADER_NAME, OTLP_HEADER_VALUE } from './otlp-headers.js';

function notYet(message: string, hint: string): IssueParams & { readonly message: string } {
  return { message, code: 'agent/not-supported-yet', hint };
}

/** `true` would be accepted and ignored: refused instead. */
function onlyFalse({ message, ...params }: ReturnType<typeof notYet>): z.ZodType<boolean> {
  return z.boolean().superRefine((value, context) => {
    if (value) context.addIssue({ code: 'custom', message, params: { ...params } });
  });
}

const endpoint = z.string().max(2_048).superRefine((text, context) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return;
  context.addIssue({ code: 'custom', message: `"${text}" is not an http or https URL`, params: { hint: 'write it in full, like http://127.0.0.1:4318' } satisfies IssueParams });
});

const duration = z.string().transform((text, context): number => {
  const parsed = parseDuration(text);
  if (parsed.ok) return parsed.value;
  context.addIssue({ code: 'custom', message: parsed.error });
  return z.NEVER;
});

const timeout = duration.refine((ms) => ms >= 100 && ms <= 600_000, 'is not from 100ms to 10m');

const path = z.string().min(1).max(512).regex(/^\//, 'is not a path; begin it with /, and end it with * to mean everything below');
const headerName = z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/, 'is not the name of a header');
const otlpHeaderName = z.string().regex(OTLP_HEADER_NAME, 'is not the name of a header that HTTP and gRPC can carry');
const otlpHeaderValue = z.string().regex(OTLP_HEADER_VALUE, 'is not what a header can carry: printable ASCII in one line');
const metrics = z.unknown().superRefine((_, context) => {
  const { message, ...params } = notYet('the agent sends no metrics of its own: Tocsin counts every span', 'remove it');
  context.addIssue({ code: 'custom', message, params: { ...params } });
});

/** agent.yaml. Every key is optional. */
export const agentSchema = z.strictObject({
  otlp: z.strictObject({
    endpoint: endpoint.optional(),
    protocol: z.enum(['grpc', 'http/protobuf']).optional(),
    compression: z.enum(['gzip', 'none']).optional(),
    timeout: timeout.optional(),
    headers: z.record(otlpHeaderName, otlpHeaderValue).optional(),
    headers_file: z.string().min(1).max(4_096).optional(),
    buffer_mib: z.int().min(1).max(1_024).optional(),
    traces: z.strictObject({
      enabled: z.boolean().optional(),
      sample_rate: z.number().min(0).max(1).optional(),
      sampler: z.enum(['parent_based_traceidratio']).optional(),
      keep_errors: z.boolean().optional(),
      keep_slower_than: duration.optional(),
    }).optional(),
    logs: z.strictObject({ enabled: z.boolean().optional() }).optional(),
    metrics: metrics.optional(),
  }).optional(),
  agent: z.strictObject({
    ebpf: z.strictObject({
      network: z.strictObject({
        enabled: z.boolean().optional(),
        http: z.boolean().optional(),
        grpc: onlyFalse(notYet('this version does not read HTTP/2, and with it gRPC', 'set it to false, or leave it out')).optional(),
        tls: z.boolean().optional(),
        exclude_paths: z.array(path).max(256).optional(),
        exclude_ports: z.array(z.int().min(1).max(65_535)).max(64).optional(),
        exclude_executables: z.array(path).max(256).optional(),
        capture_headers: z.array(headerName).max(64).optional(),
        capture_body_bytes: z.int().min(0).max(4_096).optional(),
        b3: z.boolean().optional(),
      }).optional(),
    }).optional(),
    database: z.strictObject({
      enabled: z.boolean().optional(),
      capture_queries: z.boolean().optional(),
      sanitize_queries: z.boolean().optional(),
      max_query_length: z.int().min(16).max(4_096).optional(),
      capture_parameters: z.boolean().optional(),
    }).optional(),
    semantic_conventions: z.enum(['current', 'older', 'both']).optional(),
    trace_instrumented: z.boolean().optional(),
    redaction_file: z.string().min(1).max(4_096).optional(),
    user: z.string().min(1).max(64).regex(/^[A-Za-z0-9_.-]+$/, 'is not the name of a user').optional(),
    log_level: z.enum(['debug', 'info', 'warn', 'error']).optional(),
  }).optional(),
});

export type AgentDocument = z.output<typeof agentSchema>;
