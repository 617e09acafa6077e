import { errorAt } from '../../src/lib/problem-codes.js';
import type { Problem } from '../../src/lib/problem.js';
import type { TextFile } from '../../src/lib/yaml-document.js';

/** What HTTP (RFC 9110, 5.1) and gRPC ("Custom-Metadata" of its HTTP/2 mapping) both take; a name in -bin stands for bytes there. */
export const OTLP_HEADER_NAME = /^(?!.*-bin$)[A-Za-z0-9_.-]{1,128}$/;
export const OTLP_HEADER_VALUE = /^[ -~]{0,8192}$/;
const LINE = /^([^:]*):(.*)$/;

/** `name: value` lines, for tokens that do not belong into a configuration file. Empty ones and those that begin with # are passed over. What a line holds is told to nobody. */
export function otlpHeadersOf({ path, text }: TextFile, problems: Problem[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const [, name = '', value = ''] = LINE.exec(line.trim()) ?? [];
    if (OTLP_HEADER_NAME.test(name) && OTLP_HEADER_VALUE.test(value.trim())) headers[name.toLowerCase()] = value.trim();
    else problems.push(errorAt({ file: path, line: index + 1, column: 1 }, 'agent/invalid-value', { message: 'this line is no header that HTTP and gRPC can carry', hint: 'write it as "authorization: Bearer TOKEN"' }));
  }
  return headers;
}
