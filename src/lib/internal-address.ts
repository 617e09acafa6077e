import { addressBytes, isWithin, parseNetwork, type Network } from './ip-address.js';

const networks = (texts: readonly string[]): readonly Network[] => texts.flatMap((text) => parseNetwork(text) ?? []);

/** Not the internet's (IANA's special-purpose registries): this host, private and shared networks, link-local with the metadata services of clouds, tests, multicast, reserved. */
const INTERNAL_V4 = networks([
  '0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24', '192.0.2.0/24', '192.31.196.0/24', '192.52.193.0/24', '192.88.99.0/24', '192.168.0.0/16', '192.175.48.0/24',
  '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4',
]);
/** Only these are given out: mapped IPv4, NAT64, unique local, link-local and multicast are all outside. */
const GLOBAL_V6 = networks(['2000::/3']);
/** Among them, what carries an IPv4 address inside (Teredo, 6to4), and what is for documentation. */
const INTERNAL_V6 = networks(['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20']);

/** Whether an address, in digits, is anywhere but on the public internet. What is no address counts as internal. */
export function isInternalAddress(address: string): boolean {
  const bytes = addressBytes(address);
  if (bytes === undefined) return true;
  const isIn = (all: readonly Network[]): boolean => all.some((network) => isWithin(bytes, network));
  return bytes.length === 4 ? isIn(INTERNAL_V4) : !isIn(GLOBAL_V6) || isIn(INTERNAL_V6);
}
