import { slackLinks, type SlackMessage } from './slack-text.js';

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

export type PageNews =
  /** The first message of an incident. `post` is undefined where the real Slack has it. */
  | { readonly kind: 'opened'; readonly incident: IncidentSummary; readonly post: SlackPost | undefined }
  | { readonly kind: 'resolved'; readonly incident: IncidentSummary };

export interface PageWatch {
  /** What is new since the last call. */
  poll(): Promise<readonly PageNews[]>;
}

/**
 * Sees pages arrive. An incident counts as arrived when its message is at Slack; with the real Slack, whose messages
 * we may not read, when the service shows the incident.
 */
export function watchPages(httpUrl: string, posts: (() => readonly SlackPost[]) | undefined): PageWatch {
  const told = new Map<string, string>();
  return {
    poll: async () => {
      const incidents = await readIncidents(httpUrl);
      const news: PageNews[] = [];
      for (const incident of incidents) {
        const post = posts?.().find((each) => isParentOf(each, incident));
        const before = told.get(incident.id);
        if (before === undefined && (posts === undefined || post !== undefined)) news.push({ kind: 'opened', incident, post });
        else if (before !== undefined && before !== 'resolved' && incident.status === 'resolved') news.push({ kind: 'resolved', incident });
        else continue;
        told.set(incident.id, incident.status);
      }
      return news;
    },
  };
}

function isParentOf(post: SlackPost, incident: IncidentSummary): boolean {
  return post.threadTs === undefined && slackLinks(post).some((link) => new URL(link).pathname === `/incidents/${incident.id}`);
}

async function readIncidents(httpUrl: string): Promise<readonly IncidentSummary[]> {
  const response = await fetch(`${httpUrl}/api/v1/incidents`, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
  if (!response.ok) throw new Error(`GET /api/v1/incidents answered ${response.status}`);
  const body = (await response.json()) as { incidents?: IncidentSummary[] } | IncidentSummary[];
  return Array.isArray(body) ? body : (body.incidents ?? []);
}
