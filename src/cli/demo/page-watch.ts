import { slackLines, slackLinks, type SlackMessage } from './slack-text.js';

const REQUEST_TIMEOUT_MS = 5_000;

/** A message as the Slack stand-in keeps it. */
export interface SlackPost extends SlackMessage {
  /** Set on replies. */
  readonly threadTs: string | undefined;
}

export interface IncidentSummary {
  readonly id: string;
  readonly status: string;
  readonly severity: string;
  readonly title: string;
}

/** `post` is undefined where the real Slack has the message. */
export interface PageNews {
  /** `opened`: the first message of an incident is there. `upgraded`: a ticket has become a page. */
  readonly kind: 'opened' | 'upgraded' | 'resolved';
  readonly incident: IncidentSummary;
  readonly post: SlackPost | undefined;
}

export interface PageWatch {
  /** What is new since the last call. */
  poll(): Promise<readonly PageNews[]>;
}

/**
 * Sees pages arrive. An incident counts as arrived when its message is at Slack and says what the incident is now (a
 * ticket's message becomes the page's a moment after the upgrade); with the real Slack, whose messages we may not read,
 * when the service shows the incident.
 */
export function watchPages(httpUrl: string, posts: (() => readonly SlackPost[]) | undefined): PageWatch {
  const told = new Map<string, IncidentSummary>();
  return {
    poll: async () => {
      const incidents = await readIncidents(httpUrl);
      return incidents.flatMap((incident) => {
        const post = posts?.().find((each) => isParentOf(each, incident) && says(each, incident));
        const kind = posts !== undefined && post === undefined ? undefined : newsOf(incident, told.get(incident.id));
        if (kind === undefined) return [];
        told.set(incident.id, incident);
        return [{ kind, incident, post }];
      });
    },
  };
}

function newsOf(incident: IncidentSummary, before: IncidentSummary | undefined): PageNews['kind'] | undefined {
  if (before === undefined) return 'opened';
  if (incident.status === 'resolved') return before.status === 'resolved' ? undefined : 'resolved';
  return incident.severity === 'page' && before.severity !== 'page' ? 'upgraded' : undefined;
}

function isParentOf(post: SlackPost, incident: IncidentSummary): boolean {
  // The message of an incident that goes on in this one leads here too.
  if (slackLines(post).some((line) => line.includes(`Part of ${incident.id} now`))) return false;
  return post.threadTs === undefined && slackLinks(post).some((link) => new URL(link).pathname === `/incidents/${encodeURIComponent(incident.id)}`);
}

/** The headline carries the severity as a word of its own; a message of the end has none. */
function says(post: SlackPost, { status, severity }: IncidentSummary): boolean {
  const headline = slackLines(post).find((line) => line !== '') ?? '';
  const told = /\b(page|ticket)\b/i.exec(headline)?.[0].toLowerCase();
  return status === 'resolved' || told === undefined || told === severity;
}

async function readIncidents(httpUrl: string): Promise<readonly IncidentSummary[]> {
  const response = await fetch(`${httpUrl}/api/v1/incidents`, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
  if (!response.ok) throw new Error(`GET /api/v1/incidents answered ${response.status}`);
  return ((await response.json()) as { incidents: IncidentSummary[] }).incidents;
}
