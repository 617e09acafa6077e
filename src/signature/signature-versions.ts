import { firstStackFrames } from './first-stack-frames.js';
import { FIRST_PATTERNS } from './message-patterns.js';
import { parameterise, parameteriseBy } from './parameterise.js';
import { placeKey, type Place } from './root-error.js';
import { normaliseStack } from './stack-frames.js';

/** What a failure said of itself, as it was sent. */
export interface Failure {
  readonly type: string;
  readonly text: string;
  readonly stack: string;
  readonly place: Place;
}

/** The same without what changes from one occurrence to the next. */
export interface NormalisedFailure {
  readonly message: string;
  /** Absent without a stack. */
  readonly frames?: readonly string[];
}

/** One way to give failures their names. What is released never changes: whoever does it better adds a version in front, and the old names stay known. */
export interface SignatureVersion {
  /** In front of the hash: `v2`. */
  readonly name: string;
  readonly normalise: (failure: Failure) => NormalisedFailure;
  /** What is hashed, part by part. */
  readonly parts: (failure: Failure, normalised: NormalisedFailure) => readonly string[];
}

const firstParameterise = parameteriseBy(FIRST_PATTERNS);

const MESSAGES_ONLY: SignatureVersion = {
  name: 'v1',
  normalise: ({ text }) => ({ message: firstParameterise(text) }),
  parts: ({ type, place }, { message }) => [type, message, ...placeKey(place)],
};

const WITH_STACK: SignatureVersion = {
  name: 'v2',
  normalise: ({ text, stack }) => withFrames(firstParameterise(text), firstStackFrames(stack)),
  parts: partsWithStack,
};

/** Codes and names that tell faults apart stay in the message; numbers, sizes and lists are one however they are written; stacks of nine languages as their SDKs send them. */
const CODES_KEPT: SignatureVersion = {
  name: 'v3',
  normalise: ({ text, stack }) => withFrames(parameterise(text), normaliseStack(stack)?.key),
  parts: partsWithStack,
};

function withFrames(message: string, frames: readonly string[] | undefined): NormalisedFailure {
  return { message, ...(frames === undefined ? {} : { frames }) };
}

function partsWithStack({ type, place }: Failure, { message, frames = [] }: NormalisedFailure): readonly string[] {
  return [type, message, ...placeKey(place), 'stack', ...frames];
}

/** The newest first: it gives the name, the others say what the failure was called before. */
export const SIGNATURE_VERSIONS: readonly [SignatureVersion, ...SignatureVersion[]] = [CODES_KEPT, WITH_STACK, MESSAGES_ONLY];
