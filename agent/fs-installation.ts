import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The directory with package.json: the same from the sources and from what was built. */
export function installationRoot(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(directory, 'package.json'))) {
    const parent = dirname(directory);
    if (parent === directory) throw new Error('the installation is damaged: there is no package.json above the agent');
    directory = parent;
  }
  return directory;
}

export function installedVersion(): string {
  return (JSON.parse(readFileSync(join(installationRoot(), 'package.json'), 'utf8')) as { readonly version: string }).version;
}

export function loaderPath(): string {
  return join(installationRoot(), 'dist', 'agent', 'tocsin-agent-loader');
}

/** `/etc/machine-id`, the host.id of the semantic conventions for machines that are no cloud's. */
export function hostId(): string | undefined {
  try {
    return readFileSync('/etc/machine-id', 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}
