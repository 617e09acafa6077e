import { BlockList, isIP } from 'node:net';

/** Not the internet's (IANA's special-purpose registries): this host, private and shared networks, link-local with the metadata services of clouds, tests, multicast, reserved. */
const INTERNAL_V4 = [
  ['0.0.0.0', 8], ['10.0.0.0', 8], ['100.64.0.0', 10], ['127.0.0.0', 8], ['169.254.0.0', 16], ['172.16.0.0', 12], ['192.0.0.0', 24], ['192.0.2.0', 24], ['192.31.196.0', 24], ['192.52.193.0', 24],
  ['192.88.99.0', 24], ['192.168.0.0', 16], ['192.175.48.0', 24], ['198.18.0.0', 15], ['198.51.100.0', 24], ['203.0.113.0', 24], ['224.0.0.0', 4], ['240.0.0.0', 4],
] as const;
/** Within the global unicast space: what carries an IPv4 address inside (Teredo, 6to4), and what is for documentation. */
const INTERNAL_V6 = [['2001::', 23], ['2001:db8::', 32], ['2002::', 16], ['3fff::', 20]] as const;

const internalV4 = blockListOf(INTERNAL_V4, 'ipv4');
const internalV6 = blockListOf(INTERNAL_V6, 'ipv6');
/** Only these are given out: mapped IPv4, NAT64, unique local, link-local and multicast are all outside. */
const globalV6 = blockListOf([['2000::', 3]], 'ipv6');

function blockListOf(subnets: readonly (readonly [string, number])[], family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of subnets) list.addSubnet(network, prefix, family);
  return list;
}

/** Whether an address, in digits, is anywhere but on the public internet. What is no address counts as internal. */
export function isInternalAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return internalV4.check(address, 'ipv4');
  return family !== 6 || address.includes('%') || !globalV6.check(address, 'ipv6') || internalV6.check(address, 'ipv6');
}
