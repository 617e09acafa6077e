import { z } from 'zod';

const checkSchema = z.object({ name: z.string(), ok: z.boolean(), needs: z.string().nullish(), invisible: z.string().nullish(), detail: z.string().nullish() });
const doctorSchema = z.object({ protocol: z.int(), kernel: z.string(), arch: z.string(), checks: z.array(checkSchema), ok: z.boolean() });

export type Doctor = z.output<typeof doctorSchema> & { readonly neverSeen: readonly string[] };

/** What no kernel and no rights make visible to this version. */
const NEVER_SEEN: readonly string[] = [
  'HTTP/2 and gRPC, HTTP/3 (QUIC), Unix sockets, UDP',
  'protocols other than HTTP/1, PostgreSQL and Redis',
  'TLS of Go, Java, rustls, GnuTLS and NSS, and OpenSSL that is linked statically into anything but Node.js',
];

export function readDoctor(output: string): Doctor | undefined {
  try {
    const read = doctorSchema.safeParse(JSON.parse(output));
    return read.success ? { ...read.data, neverSeen: NEVER_SEEN } : undefined;
  } catch {
    return undefined;
  }
}

/** For people: what works, what does not, and what is therefore not seen. */
export function doctorLines({ kernel, arch, checks, ok, neverSeen }: Doctor, { isRoot }: { readonly isRoot: boolean }): string[] {
  const lines = [`Kernel ${kernel} (${arch}): the agent ${ok ? 'can run' : 'cannot run'}.`, ''];
  for (const { name, ok: works, needs, invisible, detail } of checks) {
    lines.push(`  ${works ? 'ok     ' : 'missing'} ${name}${detail == null || detail === '' ? '' : `: ${detail}`}`);
    if (works) continue;
    if (invisible != null && invisible !== '') lines.push(`            not seen without it: ${invisible}`);
    if (needs != null && needs !== '') lines.push(`            needs: ${needs}`);
  }
  if (!isRoot && checks.some(({ ok: works }) => !works)) lines.push('', 'Looked at without root. What `sudo npx tocsin agent` would see is told by `sudo npx tocsin agent doctor`.');
  return [...lines, '', 'Not seen by this version, whatever the kernel:', ...neverSeen.map((what) => `  - ${what}`)];
}
