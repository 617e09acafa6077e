import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';

/** Slack's side of Socket Mode. */
export interface SlackSockets {
  /** Connections that are open now. */
  connected(): number;
  /** Ever. */
  opened(): number;
  /** Ids of envelopes, as they were answered. */
  acknowledged(): readonly string[];
  /** Sends an interaction on the newest connection; the same id again is the same envelope, sent once more. */
  send(payload: unknown, id?: string): string;
  /** Asks the oldest connection to be replaced. */
  disconnect(reason: string): void;
  /** Breaks all of them. */
  cut(): void;
  /** What the next connections are told of how long they live. */
  setAliveSeconds(seconds: number): void;
  /** The next connections are never greeted. */
  setSilent(silent: boolean): void;
  /** The address of a new connection; for apps.connections.open. */
  ticket(origin: string): string;
}

const PATH = '/socket';

export function attachSlackSockets(server: Server): SlackSockets {
  const sockets = new WebSocketServer({ noServer: true });
  const open: WebSocket[] = [];
  const acknowledged: string[] = [];
  const tickets = new Set<string>();
  let [opened, aliveSeconds, isSilent] = [0, 18_060, false];
  server.on('upgrade', (request, socket: Duplex, head) => {
    const ticket = new URL(request.url ?? '/', 'http://stand-in').searchParams.get('ticket') ?? '';
    // A ticket is good for one connection, as Slack's are.
    if (!tickets.delete(ticket)) { socket.destroy(); return; }
    sockets.handleUpgrade(request, socket, head, (connection) => {
      opened += 1;
      open.push(connection);
      connection.on('close', () => { open.splice(open.indexOf(connection), 1); });
      connection.on('message', (data: Buffer) => { acknowledged.push(String((JSON.parse(data.toString('utf8')) as { envelope_id?: unknown }).envelope_id)); });
      if (!isSilent) connection.send(JSON.stringify({ type: 'hello', num_connections: open.length, debug_info: { host: 'stand-in', approximate_connection_time: aliveSeconds } }));
    });
  });
  return {
    connected: () => open.length, opened: () => opened, acknowledged: () => acknowledged,
    send: (payload, id = randomUUID()) => {
      open.at(-1)?.send(JSON.stringify({ type: 'interactive', envelope_id: id, accepts_response_payload: true, payload }));
      return id;
    },
    disconnect: (reason) => { open[0]?.send(JSON.stringify({ type: 'disconnect', reason, debug_info: { host: 'stand-in' } })); },
    cut: () => { for (const connection of [...open]) connection.terminate(); },
    setAliveSeconds: (seconds) => { aliveSeconds = seconds; },
    setSilent: (silent) => { isSilent = silent; },
    ticket: (origin) => {
      const ticket = randomUUID();
      tickets.add(ticket);
      return `${origin.replace(/^http/, 'ws').replace(/\/$/, '')}${PATH}?ticket=${ticket}`;
    },
  };
}
