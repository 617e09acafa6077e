import { z } from 'zod';
import type { IssueParams } from '../lib/validate-document.js';
import { metadataSchema, nameSchema } from './open-slo-schema.js';
import { DETECTOR_NAMES, REDACTION_MODES } from './redaction.js';

const MAX_NAMES = 1_000;
const MAX_NAME = 256;
const MAX_PATTERNS = 100;
const MAX_PATTERN = 1_000;
const MAX_RULES = 100;
const MAX_DESCRIPTION = 1_050;

const namesSchema = z.array(z.string().min(1).max(MAX_NAME)).min(1).max(MAX_NAMES);
const nameListShape = {
  names: namesSchema.optional(),
  prefixes: namesSchema.optional(),
  patterns: z.array(z.string().min(1).max(MAX_PATTERN)).min(1).max(MAX_PATTERNS).optional(),
};

type NameListInput = z.output<z.ZodObject<typeof nameListShape>>;

function refuseEmpty(list: NameListInput & { readonly except?: unknown }, context: z.RefinementCtx): void {
  if (list.names !== undefined || list.prefixes !== undefined || list.patterns !== undefined || list.except !== undefined) return;
  context.addIssue({ code: 'custom', message: 'this lists nothing', params: { code: 'rules/missing-key', hint: 'add names, prefixes or patterns' } satisfies IssueParams });
}

const nameListSchema = z.strictObject(nameListShape).superRefine(refuseEmpty);
const selectorSchema = z.strictObject({ ...nameListShape, except: nameListSchema.optional() }).superRefine(refuseEmpty);

const ruleSchema = z.strictObject({
  name: nameSchema,
  description: z.string().max(MAX_DESCRIPTION).optional(),
  attributes: selectorSchema.optional(),
  detect: z.array(z.enum(DETECTOR_NAMES)).min(1).max(DETECTOR_NAMES.length).optional(),
  secretNames: namesSchema.optional(),
  mode: z.enum(REDACTION_MODES).optional(),
}).superRefine((rule, context) => {
  const refuse = (path: string, message: string, params: IssueParams): void => context.addIssue({ code: 'custom', path: path === '' ? [] : [path], message, params: { ...params } });
  if (rule.attributes === undefined && rule.detect === undefined) {
    refuse('', 'this rule says neither which attributes nor what to detect', { code: 'rules/missing-key', hint: 'add attributes: { names: […] } or detect: […]' });
  }
  if (rule.secretNames !== undefined && rule.detect?.includes('secret-pair') !== true) {
    refuse('secretNames', 'only the detector secret-pair uses secretNames', { hint: 'add secret-pair to detect, or remove this' });
  }
});

/** Document of kind `Redaction`. */
export const redactionSchema = z.strictObject({
  apiVersion: z.literal('tocsin.dev/v1'),
  metadata: metadataSchema,
  kind: z.literal('Redaction'),
  spec: z.strictObject({
    description: z.string().max(MAX_DESCRIPTION).optional(),
    enabled: z.boolean().optional(),
    services: selectorSchema.optional(),
    exempt: nameListSchema.optional(),
    rules: z.array(ruleSchema).max(MAX_RULES).optional(),
  }),
});

export type RedactionDocument = z.output<typeof redactionSchema>;
export type NameListDocument = NameListInput;
