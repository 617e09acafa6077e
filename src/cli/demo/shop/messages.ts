/** What can go wrong in the shop, and does when the demo (or a person at the control endpoint) says so. */
export interface Faults {
  /** Regions whose card issuer does not answer. */
  readonly paymentFailsIn: readonly string[];
  /** How much longer the cache takes for the catalogue's keys, in milliseconds; 0 is healthy. */
  readonly cacheDelayMs: number;
}

export const NO_FAULTS: Faults = { paymentFailsIn: [], cacheDelayMs: 0 };

/** What "Checkout is quick" of rules/shop.yaml promises to customers. */
export const SLOW_VISIT_MS = 800;

/** Counts since the start of the load generator. */
export interface LoadReport {
  readonly answered: number;
  /** Answered with a 5xx, or not at all. */
  readonly failed: number;
  /** Answered, or given up, after more than `SLOW_VISIT_MS`. */
  readonly slow: number;
  /** Not sent, because too many requests were still waiting. */
  readonly skipped: number;
}

/** From a process of the shop to its host, over the IPC channel. */
export type ShopMessage =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'load'; readonly report: LoadReport };

/** From the host to every process of the shop. */
export interface HostMessage {
  readonly kind: 'faults';
  readonly faults: Faults;
}

/** Tells the host. A process started by hand has no host: then this does nothing. */
export function tellHost(message: ShopMessage): void {
  if (process.connected) process.send?.(message);
}

/** Calls `receive` with the faults of now, each time they change. */
export function onFaults(receive: (faults: Faults) => void): void {
  process.on('message', (message: HostMessage) => {
    if (message.kind === 'faults') receive(message.faults);
  });
}

/** A setting that the host must have given. */
export function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`${name} is not set: start the shop with \`tocsin demo\``);
  return value;
}
