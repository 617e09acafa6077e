import type { Location } from '../lib/problem.js';

/** What becomes of a value: the whole attribute goes, `****` takes its place, or a keyed hash does, by which equal values stay equal. */
export const REDACTION_MODES = ['drop', 'mask', 'hash'] as const;
export type RedactionMode = (typeof REDACTION_MODES)[number];

/** Built-in detectors, in the order in which they look at a text; docs/redaction.md says what each finds and what it leaves visible. */
export const DETECTOR_NAMES = [
  'private-key', 'url-userinfo', 'connection-password', 'authorization', 'secret-pair', 'jwt', 'api-key',
  'card-number', 'iban', 'us-ssn', 'email',
] as const;
export type DetectorName = (typeof DETECTOR_NAMES)[number];

/** A regular expression as it is written; it is compiled where it is used. */
export interface PatternSource {
  readonly text: string;
  readonly at: Location;
}

/** Attribute keys, or service names: whole names and beginnings (in any case), and patterns that match the whole name. */
export interface NameList {
  readonly names: readonly string[];
  readonly prefixes: readonly string[];
  readonly patterns: readonly PatternSource[];
}

/** What `any` lists, or everything where it lists nothing, but not what `except` lists. */
export interface NameSelector {
  readonly any: NameList | undefined;
  readonly except: NameList | undefined;
}

export interface RedactionRule {
  readonly name: string;
  readonly mode: RedactionMode;
  /** Attributes that are redacted whole; with `detect`, the attributes in which the detectors look. Undefined: everywhere. */
  readonly attributes: NameSelector | undefined;
  /** Empty: the whole value of `attributes`. */
  readonly detect: readonly DetectorName[];
  /** Names beside the built-in ones whose values the detector `secret-pair` takes for secrets. */
  readonly secretNames: readonly string[];
  readonly at: Location;
}

/** One `Redaction` document. Plain data, so that it can be handed to the thread that decodes. */
export interface RedactionPolicy {
  readonly name: string;
  readonly enabled: boolean;
  /** By `service.name` as it was sent. Undefined: all services. */
  readonly services: NameSelector | undefined;
  /** Attributes that no rule of this document touches. */
  readonly exempt: NameList | undefined;
  readonly rules: readonly RedactionRule[];
  readonly at: Location;
}
