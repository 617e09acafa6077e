import { z } from 'zod';
import { formatDuration, parseDuration } from '../lib/duration.js';
import { readInternalTargets } from '../lib/internal-targets.js';
import { isTimeZone } from '../lib/time-zone.js';
import type { IssueParams } from '../lib/validate-document.js';
import { readLinkTemplate } from './link-template.js';
import { LOG_LEVELS, MAX_EVALUATION_INTERVAL_MS, MIN_EVALUATION_INTERVAL_MS, MIN_HOT_RETENTION_MS, WEEKDAYS } from './settings.js';

function refuse(context: z.RefinementCtx, message: string, params: IssueParams = {}): never {
  context.addIssue({ code: 'custom', message, params: { ...params } });
  return z.NEVER;
}

function duration(min: number, max: number): z.ZodType<number> {
  return z.string().transform((text, context): number => {
    const parsed = parseDuration(text);
    if (!parsed.ok) return refuse(context, parsed.error);
    if (parsed.value < min) return refuse(context, `"${text}" is too short: at least ${formatDuration(min)}`);
    if (parsed.value > max) return refuse(context, `"${text}" is too long: at most ${formatDuration(max)}`);
    return parsed.value;
  });
}

/** `50%`, as budgets are written in rules; becomes 0.5. */
const percentage = z.string().transform((text, context): number => {
  const percent = /^(\d{1,3})\s*%$/.exec(text)?.[1];
  const share = Number(percent) / 100;
  if (percent === undefined || share <= 0 || share > 1) return refuse(context, `"${text}" is not a percentage from 1% to 100%`, { hint: 'write it like 50%' });
  return share;
});

const MAX_RETENTION_MS = 366 * 86_400_000;
const MAX_PORT = 65_535;
const port = z.int().min(0).max(MAX_PORT);
const host = z.string().min(1).max(255).regex(/^[A-Za-z0-9.:_-]+$/, 'is not a host name or address; write it without scheme and port');
const filePath = z.string().min(1).max(4_096);
const secret = z.string().min(1).max(4_096);

const httpUrl = z.string().max(2_048).transform((text, context): string => {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return refuse(context, `"${text}" is not a URL`, { hint: 'write it in full, like https://tocsin.example.com' });
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return refuse(context, `"${text}" is not an http or https URL`);
  if (url.username !== '' || url.password !== '') return refuse(context, 'a URL must not hold a user name or password');
  return text;
});

const linkTemplate = z.string().max(2_048).transform((text, context): string => {
  const read = readLinkTemplate(text);
  return read.ok ? read.value : refuse(context, `"${text}" is no link`, { hint: read.error });
});

const publicUrl = httpUrl.transform((text) => text.replace(/\/+$/, ''));
const slackApiUrl = httpUrl.transform((text) => (text.endsWith('/') ? text : `${text}/`));
const slackToken = secret.regex(/^[\x21-\x7e]+$/, 'must not hold spaces or line breaks');

/** `file:` and a path, absolute or from the working directory, or `s3://bucket/prefix`. */
const archiveUrl = z.string().max(4_096).transform((text, context): string => {
  if (/^file:.+/.test(text) || /^s3:\/\/[a-z0-9][a-z0-9.-]{1,62}(\/[^?#]*)?(\?kmsKeyId=[^&#]+)?$/.test(text)) return text;
  return refuse(context, `"${text}" is no place for the archive`, { hint: 'write file: and a directory, like file:/var/lib/tocsin/archive, or a bucket, like s3://traces/tocsin' });
});

/** A list, or in a variable one text with commas. */
const internalTargets = z.union([z.string().max(4_096).transform((text) => text.split(',').map((entry) => entry.trim()).filter((entry) => entry !== '')), z.array(z.string().min(1).max(256)).max(200)])
  .superRefine((entries, context) => {
    const read = readInternalTargets(entries);
    if (!read.ok) refuse(context, read.error, { hint: 'write hosts and networks, like hooks.corp.example, 10.1.2.3:8443 or 10.1.0.0/16' });
  });

function notYet(reason: string): z.ZodType<string> {
  return z.string().superRefine((text, context) => {
    context.addIssue({ code: 'custom', message: `"${text}" is not supported yet: ${reason}`, params: { code: 'settings/not-supported-yet', hint: 'leave it out' } satisfies IssueParams });
  });
}

const inlineSecret = z.unknown().superRefine((_, context) => {
  context.addIssue({ code: 'custom', message: 'a secret must not be written into tocsin.yaml', params: { code: 'settings/inline-secret', hint: 'put it into a file and name that file (tokenFile, signingSecretFile, appTokenFile, keyFile); those of Slack may also come from TOCSIN_SLACK_TOKEN, TOCSIN_SLACK_SIGNING_SECRET and TOCSIN_SLACK_APP_TOKEN' } satisfies IssueParams });
});

/** tocsin.yaml. Every key is optional; what is missing comes from the environment or the defaults. */
export const settingsFileSchema = z.strictObject({
  http: z.strictObject({ host: host.optional(), port: port.optional() }).optional(),
  otlp: z.strictObject({ host: host.optional(), grpcPort: port.optional(), httpPort: port.optional(), senderShare: percentage.optional() }).optional(),
  dataDir: filePath.optional(),
  rulesDir: filePath.optional(),
  runbooksDir: filePath.optional(),
  publicUrl: publicUrl.optional(),
  slack: z.strictObject({
    token: inlineSecret.optional(),
    tokenFile: filePath.optional(),
    signingSecret: inlineSecret.optional(),
    signingSecretFile: filePath.optional(),
    appToken: inlineSecret.optional(),
    appTokenFile: filePath.optional(),
    apiUrl: slackApiUrl.optional(),
    channel: z.string().min(1).max(80).optional(),
  }).optional(),
  allowInternalTargets: internalTargets.optional(),
  redaction: z.strictObject({ key: inlineSecret.optional(), keyFile: filePath.optional() }).optional(),
  qualityReport: z.strictObject({
    slackChannel: z.string().min(1).max(80).optional(),
    day: z.enum(WEEKDAYS).optional(),
    hour: z.int().min(0).max(23).optional(),
    timeZone: z.string().max(64).refine(isTimeZone, 'is not a time zone; write it like Europe/Berlin').optional(),
    pricePerMillionSpans: z.number().min(0).max(1e6).optional(),
  }).optional(),
  links: z.array(z.strictObject({ name: z.string().min(1).max(60), url: linkTemplate })).max(20).optional(),
  userAttributes: z.array(z.string().min(1).max(256)).min(1).max(10).optional(),
  store: z.enum(['duckdb', 'clickhouse']).superRefine((store, context) => {
    if (store === 'clickhouse') context.addIssue({ code: 'custom', message: '"clickhouse" is not supported yet: this version has the embedded DuckDB only', params: { code: 'settings/not-supported-yet', hint: 'leave it out' } satisfies IssueParams });
  }).optional(),
  clickhouseUrl: notYet('this version has the embedded DuckDB only').optional(),
  redisUrl: notYet('this version runs as one process').optional(),
  archiveUrl: archiveUrl.optional(),
  evaluationInterval: duration(MIN_EVALUATION_INTERVAL_MS, MAX_EVALUATION_INTERVAL_MS).optional(),
  hotRetention: duration(MIN_HOT_RETENTION_MS, MAX_RETENTION_MS).optional(),
  access: z.strictObject({
    tokensFile: filePath.optional(),
    tls: z.strictObject({ certFile: filePath.optional(), keyFile: filePath.optional() }).optional(),
    behindProxy: z.boolean().optional(),
  }).optional(),
  logLevel: z.enum(LOG_LEVELS).optional(),
});

export type SettingsFile = z.output<typeof settingsFileSchema>;
export { slackToken as slackTokenSchema };
