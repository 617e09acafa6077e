import type { Change, ChangeKind } from '../query/change.js';

export const CHANGE_WORDS: Readonly<Record<ChangeKind, string>> = { deployment: 'Deployed', flag: 'Flag changed', config: 'Configuration changed', note: 'Note' };

/** `payment v2.3: new bank (by ci)`. */
export function changeInWords({ service, version, title, by }: Pick<Change, 'service' | 'version' | 'title' | 'by'>): string {
  const what = [service, version].filter((part) => part !== undefined).join(' ');
  return `${what === '' ? '' : `${what}: `}${title} (by ${by})`;
}
