/** What the loader tells of a process (agent/PROTOCOL.md, PROCESS). Members that it could not read are null or not there. */
export interface ProcessFacts {
  readonly pid: number;
  readonly comm: string;
  readonly parent?: number | null;
  readonly executable?: string | null;
  readonly arguments?: readonly string[] | null;
  readonly environment?: Readonly<Record<string, string>> | null;
  readonly workingDirectory?: string | null;
  readonly cgroup?: string | null;
  readonly containerId?: string | null;
  readonly podUid?: string | null;
  readonly uid?: number | null;
  readonly pidInNamespace?: number | null;
  readonly hostname?: string | null;
  /** It ended before it could be read. `parent` is then who forked it, and nothing else is known. */
  readonly gone?: boolean | null;
}

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isFlag: Check = (value) => typeof value === 'boolean';
const isWhole: Check = (value) => Number.isSafeInteger(value);
const isListOfTexts: Check = (value) => Array.isArray(value) && value.every(isText);
const isTable: Check = (value) => typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every(isText);
const OPTIONAL: Readonly<Record<Exclude<keyof ProcessFacts, 'pid' | 'comm'>, Check>> = {
  parent: isWhole, executable: isText, arguments: isListOfTexts, environment: isTable, workingDirectory: isText, cgroup: isText,
  containerId: isText, podUid: isText, uid: isWhole, pidInNamespace: isWhole, hostname: isText, gone: isFlag,
};

export function readProcessFacts(json: unknown): ProcessFacts | undefined {
  if (typeof json !== 'object' || json === null) return undefined;
  const given = json as Readonly<Record<string, unknown>>;
  if (!isWhole(given['pid']) || !isText(given['comm'])) return undefined;
  const areRight = Object.entries(OPTIONAL).every(([name, check]) => given[name] === undefined || given[name] === null || check(given[name]));
  return areRight ? (given as unknown as ProcessFacts) : undefined;
}
