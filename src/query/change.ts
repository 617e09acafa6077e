export const CHANGE_KINDS = ['deployment', 'flag', 'config', 'note'] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

/** Something that was done to the system, as whoever did it says. */
export interface Change {
  readonly id: string;
  readonly atMs: number;
  readonly kind: ChangeKind;
  /** Undefined: the whole system. */
  readonly service: string | undefined;
  readonly version: string | undefined;
  readonly title: string;
  readonly by: string;
  readonly url: string | undefined;
}

export interface ChangeBook {
  /** The same id again replaces it: a pipeline may repeat itself. */
  record(change: Change): Promise<void>;
  /** Of [fromMs, toMs), newest first, at most a thousand. */
  list(window: { readonly fromMs: number; readonly toMs: number }): Promise<readonly Change[]>;
}

export function changeJson({ id, atMs, kind, service, version, title, by, url }: Change): Record<string, unknown> {
  return { id, at: new Date(atMs).toISOString(), kind, service: service ?? null, version: version ?? null, title, by, url: url ?? null };
}

/** Whether it may matter to a service: its own, and those of the whole system. */
export function concerns({ service }: Change, about: string): boolean {
  return service === undefined || service === about;
}
