/** Ids of drills begin so; those of incidents never do. */
export const DRILL_ID_PREFIX = 'drill-';

export function isDrillId(id: string): boolean {
  return id.startsWith(DRILL_ID_PREFIX);
}
