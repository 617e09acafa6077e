import { z } from 'zod';

/** What the loader tells of a process (agent/PROTOCOL.md, PROCESS). Members it could not read are null. */
const processSchema = z.object({
  pid: z.int(),
  comm: z.string(),
  parent: z.int().nullish(),
  executable: z.string().nullish(),
  arguments: z.array(z.string()).nullish(),
  environment: z.record(z.string(), z.string()).nullish(),
  workingDirectory: z.string().nullish(),
  cgroup: z.string().nullish(),
  containerId: z.string().nullish(),
  podUid: z.string().nullish(),
  uid: z.int().nullish(),
  pidInNamespace: z.int().nullish(),
  hostname: z.string().nullish(),
});

export type ProcessFacts = z.output<typeof processSchema>;

export function readProcessFacts(json: unknown): ProcessFacts | undefined {
  const read = processSchema.safeParse(json);
  return read.success ? read.data : undefined;
}
