import type { Connection } from './connection.js';

/** With more connections than this what was remembered is found out again from time to time. */
const MAX_CONNECTIONS = 1_024;

/** What the spans of a connection have in common. */
export class ConnectionCache<T> {
  readonly #known = new Map<Connection, T>();

  get(connection: Connection): T | undefined {
    return this.#known.get(connection);
  }

  set(connection: Connection, value: T): T {
    if (this.#known.size >= MAX_CONNECTIONS) this.#known.clear();
    this.#known.set(connection, value);
    return value;
  }
}
