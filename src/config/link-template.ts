import { err, ok, type Result } from '../lib/result.js';

/** A place outside of Tocsin that knows more about a span: its logs, its pod, its profile. */
export interface LinkTemplate {
  readonly name: string;
  /** An http or https URL with `{placeholders}` behind its host. */
  readonly url: string;
}

const WORDS = ['trace_id', 'span_id', 'service', 'name', 'from', 'to', 'from_iso', 'to_iso'] as const;
export type LinkWord = (typeof WORDS)[number];

/** A word, or an attribute by its scope as TraceQL writes it: `{resource.k8s.pod.name}`. */
export const PLACEHOLDER = /\{([^{}]*)\}/g;
/** What senders write must never decide where a link leads. */
const FIXED_HOST = /^https?:\/\/[^/{}?#\s@]+[/?#]/;

/** Says what is wrong with a template, in words. */
export function readLinkTemplate(url: string): Result<string, string> {
  if (!FIXED_HOST.test(url) || !URL.canParse(url.replaceAll(PLACEHOLDER, 'x'))) return err('write an http or https URL with its host in full; placeholders come behind it, like https://logs.example.com/?q={trace_id}');
  for (const [, name = ''] of url.matchAll(PLACEHOLDER)) {
    if (!isWord(name) && !/^(resource|span)\..+$/.test(name)) return err(`there is no placeholder {${name}}: write ${WORDS.map((word) => `{${word}}`).join(', ')}, {resource.KEY} or {span.KEY}`);
  }
  return /[{}]/.test(url.replaceAll(PLACEHOLDER, '')) ? err('a brace is not closed') : ok(url);
}

export function isWord(name: string): name is LinkWord {
  return (WORDS as readonly string[]).includes(name);
}
