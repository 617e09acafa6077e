/** Bytes of one unit (a head, a message) that a parser holds while it waits for the rest. */
export const MAX_HELD_BYTES = 16_384;
/** Requests without an answer on one connection; pipelines are rarely longer than a few hundred. */
export const MAX_PENDING = 4_096;
/** Prepared statements, and portals, that are remembered for one connection; Rails keeps 1,000. */
export const MAX_STATEMENTS = 1_024;
/** Of their texts and values on one connection, counted as if no other connection had them too. */
export const MAX_STATEMENT_BYTES = 512 << 10;
/** Units that do not fit the protocol before a connection is given up. */
export const MAX_FAILURES = 8;
