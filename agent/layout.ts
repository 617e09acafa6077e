/** The layouts and numbers of bpf/events.h and agent/loader/frames.h: `[offset, size]` of each field. test/agent/layout.test.ts compares them with what the C compiler sees. */
export const LAYOUT = {
  protocol: 2,
  structs: {
    event_header: {
      size: 40,
      fields: { time_ns: [0, 8], cookie: [8, 8], length: [16, 4], tgid: [20, 4], tid: [24, 4], sequence: [28, 4], type: [32, 2], cpu: [34, 2], reserved: [36, 4] },
    },
    event_data: {
      size: 72,
      fields: { position: [40, 8], total: [48, 4], head: [52, 4], tail: [56, 4], tcp_sequence: [60, 4], direction: [64, 1], source: [65, 1], protocol: [66, 1], role: [67, 1], gap: [68, 1], flags: [69, 1], reserved: [70, 2] },
    },
    event_open: {
      size: 128,
      fields: { opened_ns: [40, 8], cgroup: [48, 8], network: [56, 4], connect_us: [60, 4], local: [64, 16], remote: [80, 16], comm: [96, 16], local_port: [112, 2], remote_port: [114, 2], family: [116, 1], role: [117, 1], origin: [118, 1], protocol: [119, 1], parent: [120, 4], first_sequence: [124, 4] },
    },
    event_end: {
      size: 56,
      fields: { position: [40, 8], direction: [48, 1], reserved: [49, 7] },
    },
    event_close: {
      size: 72,
      fields: { received: [40, 8], sent: [48, 8], retransmits: [56, 4], round_trip_us: [60, 4], error: [64, 4], by_peer: [68, 4] },
    },
    event_process: {
      size: 72,
      fields: { cgroup: [40, 8], parent: [48, 4], exit_code: [52, 4], comm: [56, 16] },
    },
    frame_clock: {
      size: 56,
      fields: { realtime_ns: [40, 8], boottime_ns: [48, 8] },
    },
  },
  constants: {
    EVENT_DATA: 1, EVENT_OPEN: 2, EVENT_END: 3, EVENT_CLOSE: 4, EVENT_EXEC: 5,
    EVENT_EXIT: 6, EVENT_FORK: 7, FRAME_HELLO: 64, FRAME_CLOCK: 65, FRAME_PROCESS: 66,
    FRAME_LOSS: 67, FRAME_LIBRARY: 68, FRAME_COST: 69, FRAME_LENGTH_MOST: 65536, DIRECTION_RECEIVE: 0,
    DIRECTION_SEND: 1, ROLE_UNKNOWN: 0, ROLE_CLIENT: 1, ROLE_SERVER: 2, ORIGIN_SEEN: 0,
    ORIGIN_BACKFILLED: 1, ORIGIN_FIRST_USE: 2, PROTOCOL_UNKNOWN: 0, PROTOCOL_HTTP1: 1, PROTOCOL_HTTP2: 2,
    PROTOCOL_POSTGRESQL: 3, PROTOCOL_REDIS: 4, PROTOCOL_TLS: 5, SOURCE_SYSCALL: 0, SOURCE_TLS_LIBRARY: 1,
    SOURCE_IO_URING: 2, GAP_NONE: 0, GAP_LIMIT: 1, GAP_NO_BUFFER: 2, GAP_UNREADABLE: 3,
    GAP_VECTOR: 4, GAP_UNKNOWN_CALL: 5, GAP_DISCARDED: 6, GAP_IO_URING: 7, DATA_TLS: 1,
    DATA_HOLE_BEFORE: 2, DATA_FIRST: 4,
  },
} as const;
