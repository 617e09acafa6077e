import type { PersonRule } from '../config/escalation.js';
import type { Incident } from '../incident/incident.js';
import type { IncidentId } from '../lib/ids.js';
import { pressValueOf, type Press } from './slack-press.js';

export interface PressPorts {
  /** Those that are open. */
  incidents(): Promise<readonly Pick<Incident, 'id' | 'title'>[]>;
  persons(): readonly PersonRule[];
  acknowledge(id: IncidentId, who: string): Promise<unknown>;
  resolve(id: IncidentId, who: string): Promise<unknown>;
  silence(id: IncidentId, who: string): Promise<unknown>;
  /** Only the one who pressed sees it. */
  whisper(press: Press, text: string): Promise<void>;
}

/** Does what was pressed, in the name of who pressed it. The message changes by itself: what was done is news of the incident. */
export async function carryOut(press: Press, ports: PressPorts): Promise<void> {
  const person = ports.persons().find(({ slackUser }) => slackUser === press.user);
  if (person === undefined) {
    await ports.whisper(press, `Tocsin does not know you. Ask for a document \`kind: Person\` with \`slackUser: ${press.user}\` in its rules; until then use the incident's page.`);
    return;
  }
  const incident = (await ports.incidents()).find(({ id }) => pressValueOf(id) === press.value);
  if (incident === undefined) {
    await ports.whisper(press, 'This incident is over: there is nothing to do any more.');
    return;
  }
  await ports[press.action](incident.id, person.name);
}
