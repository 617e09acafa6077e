import type { Attribute } from './attribute.js';

/** What the status code of an HTTP response is called, now and before 2023. */
export const HTTP_STATUS_KEYS = ['http.response.status_code', 'http.status_code'] as const;
/** Of a text the same, in SQL's and JavaScript's dialect alike. */
export const HTTP_STATUS_PATTERN = '[1-9][0-9]{0,3}';
const TEXT = new RegExp(`^${HTTP_STATUS_PATTERN}$`);
const HIGHEST = 9_999;

/** The status code among attributes `from … end`, as a number or digits; 0 where there is none, undefined where it is anything else, or said twice and not alike. */
export function httpStatusOf(attributes: readonly Attribute[], from: number, end: number): number | undefined {
  let found = 0;
  for (let index = from; index < end; index += 1) {
    const attribute = attributes[index];
    if (attribute === undefined || (attribute.key !== HTTP_STATUS_KEYS[0] && attribute.key !== HTTP_STATUS_KEYS[1])) continue;
    const status = statusOf(attribute);
    if (status === undefined || (found !== 0 && status !== found)) return undefined;
    found = status;
  }
  return found;
}

function statusOf({ value, isInteger }: Attribute): number | undefined {
  if (typeof value === 'string') return TEXT.test(value) ? Number(value) : undefined;
  return typeof value === 'number' && isInteger && value >= 1 && value <= HIGHEST ? value : undefined;
}
