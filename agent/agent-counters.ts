/** What happened, since the start. Every loss has its own name. */
export interface AgentCounters {
  dataFrames: number;
  connections: number;
  /** Exchanges that began; those that did not end yet are what the others leave over. */
  begun: number;
  exchanges: number;
  spans: number;
  /** Not told, by reason. */
  excluded: number;
  instrumented: number;
  sampledOut: number;
  /** Exchanges without an end, by why. */
  abandonedHole: number;
  abandonedLimit: number;
  abandonedNotTheProtocol: number;
  /** Exchanges that were open when their connection was forgotten: silent for too long, beyond the memory there is, passed to another process, or as old as the agent's end. */
  forgotten: number;
  /** Got no answer and needed none: what a failed one before it made void, a subscription at the end of its connection. */
  withoutAnswer: number;
  /** Data of connections that are not known, or for which there was no room. */
  unknownConnection: number;
  connectionLimit: number;
  memoryLimit: number;
  /** Processes whose names were forgotten while they ran, for others. */
  processLimit: number;
  /** Exchanges that were not looked at as parents or children of others: too many at once. */
  parentLimit: number;
  /** Spans whose statement was prepared, and forgotten for others before it was executed. */
  statementLimit: number;
  redacted: number;
}

export function newCounters(): AgentCounters {
  return {
    dataFrames: 0, connections: 0, begun: 0, exchanges: 0, spans: 0, excluded: 0, instrumented: 0, sampledOut: 0, abandonedHole: 0, abandonedLimit: 0,
    abandonedNotTheProtocol: 0, forgotten: 0, withoutAnswer: 0, unknownConnection: 0, connectionLimit: 0, memoryLimit: 0, processLimit: 0, parentLimit: 0, statementLimit: 0, redacted: 0,
  };
}
