/** For `sort`, smallest first. Texts by UTF-16 units; code points, as databases order them: `compareText` of trace/traceql. */
export function ascending<T extends bigint | number | string>(left: T, right: T): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
