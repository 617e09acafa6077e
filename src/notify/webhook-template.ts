import nunjucks from 'nunjucks';
import { err, ok, type Result } from '../lib/result.js';
import { findForbidden, TEMPLATE_OPTIONS } from '../runbook/template-guard.js';
import { sampleDelivery, sampleNotification } from './sample-delivery.js';
import { webhookBody } from './webhook-body.js';

/** A body of a megabyte is a loop gone wrong. */
const BODY_MAX = 1 << 20;

export interface BodyTemplate {
  /** nunjucks, as in runbooks; what it sees is Alertmanager's body with its key `tocsin`. */
  readonly text: string;
  /** JSON is checked to be JSON. */
  readonly contentType: string;
}

// An empty list of loaders: without it nunjucks would read files from ./views.
const environment = new nunjucks.Environment([], TEMPLATE_OPTIONS);

/** What the template says of one message; the error says why it says nothing. */
export function renderBody({ text, contentType }: BodyTemplate, body: Readonly<Record<string, unknown>>): Result<string, string> {
  try {
    const rendered = new nunjucks.Template(text, environment, 'body', true).render({ ...body });
    if (rendered.length > BODY_MAX) return err(`the body has ${String(rendered.length)} characters, the limit is ${String(BODY_MAX)}`);
    if (isJson(contentType)) JSON.parse(rendered);
    return ok(rendered);
  } catch (error) {
    return err(reasonOf(error));
  }
}

/** What is wrong with a template: something that it must not use, or a message that it cannot say. Undefined where it is fine. */
export function templateProblem(template: BodyTemplate): string | undefined {
  try {
    const [forbidden] = findForbidden(template.text);
    if (forbidden !== undefined) return `line ${String(forbidden.line)}: ${forbidden.message.replace('in a runbook', 'in a template')}`;
  } catch (error) {
    return reasonOf(error);
  }
  for (const body of sampleBodies()) {
    const rendered = renderBody(template, body);
    if (!rendered.ok) return rendered.error;
  }
  return undefined;
}

/** A page with everything, its end, and a posted alert of which little is known. */
function sampleBodies(): Readonly<Record<string, unknown>>[] {
  const sparse = sampleDelivery('opened', { evidence: undefined, runbook: undefined, title: 'A posted "alert"\nof two lines' });
  const [alert] = sparse.transition.incident.alerts;
  const alerts = alert === undefined ? [] : [{ ...alert, labels: { alertname: 'DiskFull' }, annotations: {}, reading: undefined }];
  const posted = { ...sparse, transition: { ...sparse.transition, incident: { ...sparse.transition.incident, alerts } }, group: { ...sparse.group, alerts } };
  const notifications = [sampleNotification('opened'), sampleNotification('resolved'), { ...sampleNotification('opened'), delivery: posted, runbook: undefined }];
  return notifications.map((notification) => webhookBody(notification, 0));
}

export function isJson(contentType: string): boolean {
  return /^application\/(?:[\w.-]+\+)?json\b/i.test(contentType);
}

function reasonOf(error: unknown): string {
  const lines = (error instanceof Error ? error.message : String(error)).split('\n').map((line) => line.trim());
  // The parser alone keeps the place beside its words.
  const { lineno } = error as { readonly lineno?: unknown };
  const beside = typeof lineno === 'number' ? `line ${String(lineno)}: ` : '';
  const place = lines.find((line) => line.includes('[Line'))?.replace(/^.*\[Line (\d+).*$/, 'line $1: ') ?? beside;
  return `${place}${(lines.at(-1) ?? '').replace(/^(?:Template render error|Error): /, '')}`;
}
