/** CPU time of synchronous work in milliseconds. What the machine does for others meanwhile is not part of it, so that a limit is one of the work. */
export function cpuMsOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}
