/** What a caller of the incident API can do wrong. Only incident.filter.ts knows which HTTP status a code has. */
export const INCIDENT_API_ERROR_CODES = ['request/invalid', 'incident/not-found', 'incident/resolved', 'silence/not-found'] as const;
export type IncidentApiErrorCode = (typeof INCIDENT_API_ERROR_CODES)[number];

/** Thrown by the controller; the message says what is wrong, `hint` what would be right. */
export class IncidentApiError extends Error {
  override readonly name = 'IncidentApiError';

  constructor(
    readonly code: IncidentApiErrorCode,
    message: string,
    readonly hint: string,
  ) {
    super(message);
  }
}
