// Makes what npm pack needs beside the sources: a fresh build without the bundle before, and two files about the packages of
// others that are in it.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { serverVersion } from '../../packages/store/src/version.ts';
import { buildAll } from '../build.ts';
import { billOfMaterials } from './bill-of-materials.ts';
import { bundledPackages, noticesOf } from './bundled-packages.ts';

/** `isBuilt`: the folders `dist` hold the build of these sources. */
export async function preparePackage(root: string, { isBuilt = false } = {}): Promise<void> {
  if (!isBuilt) await buildAll();
  removeOldBundles(join(root, 'packages/cli/dist'));
  const packages = await bundledPackages(root);
  writeFileSync(join(root, 'THIRD-PARTY-NOTICES.txt'), noticesOf(packages));
  writeFileSync(join(root, 'sbom.cdx.json'), `${billOfMaterials({ version: serverVersion, packages })}\n`);
}

/** A moult that runs from one of them must be started again. */
function removeOldBundles(dist: string): void {
  const entry = readFileSync(join(dist, 'moult.js'), 'utf8');
  const old = readdirSync(dist).filter((name) => name !== 'moult.js' && !entry.includes(`/${name}/`));
  for (const name of old) rmSync(join(dist, name), { recursive: true });
}
