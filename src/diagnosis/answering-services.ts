/** Which service answers at an address. One at which several do (a proxy, an address given to another pod) tells nothing. */
export function answeringServices(answers: Iterable<readonly [address: string, service: string]>): ReadonlyMap<string, string> {
  const services = new Map<string, string>();
  const shared = new Set<string>();
  for (const [address, service] of answers) if ((services.get(address) ?? service) === service) services.set(address, service); else shared.add(address);
  for (const address of shared) services.delete(address);
  return services;
}
