export const ROLES = ['viewer', 'responder', 'admin', 'ingest'] as const;

/** viewer reads; responder also acknowledges, silences and resolves; admin may do all; ingest sends telemetry and reads nothing. */
export type Role = (typeof ROLES)[number];

const GRANTS: Readonly<Record<Role, readonly Role[]>> = {
  viewer: ['viewer'],
  responder: ['responder', 'viewer'],
  admin: ['admin', 'responder', 'viewer', 'ingest'],
  ingest: ['ingest'],
};

export function grants(role: Role, needed: Role): boolean {
  return GRANTS[role].includes(needed);
}
