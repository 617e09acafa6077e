/** Values that the agent sends; lists hold texts. */
export type PlainValue = string | number | boolean | readonly string[];
export type AttributePairs = readonly (readonly [key: string, value: PlainValue])[];

/** OTLP's field numbers of what has attributes (opentelemetry-proto 1.x, trace/v1 and resource/v1). */
export const SPAN_ATTRIBUTES = 9;
export const LINK_ATTRIBUTES = 4;
export const RESOURCE_ATTRIBUTES = 1;
export const SPAN_NAME = 5;
