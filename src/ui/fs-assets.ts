import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';

const TYPES: Readonly<Record<string, string>> = { css: 'text/css; charset=utf-8', js: 'text/javascript; charset=utf-8', svg: 'image/svg+xml' };

export interface Asset {
  readonly body: Buffer;
  readonly type: string;
  /** Changes with the content, so that a browser may keep what it has for ever. */
  readonly version: string;
}

/** Everything in assets/, read once at start: nothing that a request names is ever opened as a file. */
const ASSETS: ReadonlyMap<string, Asset> = readAssets();

function readAssets(): Map<string, Asset> {
  const folder = new URL('./assets/', import.meta.url);
  const assets = new Map<string, Asset>();
  for (const name of readdirSync(folder)) {
    const type = TYPES[name.split('.').at(-1) ?? ''];
    if (type === undefined) continue;
    const body = readFileSync(new URL(name, folder));
    assets.set(name, { body, type, version: createHash('sha256').update(body).digest('hex').slice(0, 12) });
  }
  return assets;
}

export function findAsset(name: string): Asset | undefined {
  return ASSETS.get(name);
}

/** `/assets/tocsin.css?v=3f2a…` */
export function assetUrl(name: string): string {
  return `/assets/${name}?v=${ASSETS.get(name)?.version ?? 'missing'}`;
}
