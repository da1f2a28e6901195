// Builds the typed client that ships as moult/client: packages/client, with the table of operations and their types.
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { openApiDocument } from '../packages/server/src/sites/api/document.ts';
import { type OpenApiDocument, tableOf, typesOf } from './client-types.ts';

/** Writes `packages/client/dist` of the checkout at `root`: index.js, index.d.ts and client.d.ts. */
export async function buildClient(root: string): Promise<void> {
  const source = join(root, 'packages/client/src/client.ts');
  const dist = join(root, 'packages/client/dist');
  await mkdir(dist, { recursive: true });
  const fresh = await mkdtemp(join(dist, '.new-'));
  try {
    const document = JSON.parse(openApiDocument()) as OpenApiDocument;
    const { outputFiles } = await build({
      stdin: { contents: programOf(document, source), resolveDir: root, sourcefile: 'index.js' },
      ...{ bundle: true, write: false, platform: 'neutral', target: 'es2024', format: 'esm', charset: 'utf8' },
    });
    await writeFile(join(fresh, 'index.js'), outputFiles[0]?.contents ?? '');
    await writeFile(join(fresh, 'index.d.ts'), declarationsOf(document));
    declare(root, source, fresh);
    for (const name of ['client.d.ts', 'index.d.ts', 'index.js']) await rename(join(fresh, name), join(dist, name));
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

function programOf(document: OpenApiDocument, source: string): string {
  return `import { createClient, MoultError } from ${JSON.stringify(source)};
const table = ${JSON.stringify(tableOf(document))};
export { MoultError };
export const connect = (options) => createClient(table, options);
`;
}

function declarationsOf(document: OpenApiDocument): string {
  return `import type { Client, ConnectOptions } from './client.js';

export { type Answer, type CallOptions, type ConnectOptions, MoultError } from './client.js';

/** Throws TypeError for an address or a token that cannot be one. */
export declare function connect(options: ConnectOptions): Moult;

export type Moult = Client<Operations>;

${typesOf(document)}
`;
}

function declare(root: string, source: string, folder: string): void {
  const how = ['--ignoreConfig', '--declaration', '--emitDeclarationOnly', '--outDir', folder, '--target', 'es2024'];
  const types = ['--module', 'nodenext', '--strict', '--types', 'node', '--skipLibCheck'];
  const { status, stdout, error } = spawnSync(join(root, 'node_modules/.bin/tsc'), [...how, ...types, source], {
    cwd: root,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (status !== 0) throw new Error(`tsc made no types of the client: ${error?.message ?? stdout}`);
}
