// npm run build, and `npm ci` through prepare: bundles what travels (the agent programs and their host), what a browser
// reads (the console) and what is to start fast (the moult command). Same sources, same bytes. `buildAgent` also makes releases of other versions, for tests.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { encodeRelease, type Generation, releaseFileName } from '@moult/protocol/self-update';
import { build } from 'esbuild';
import { buildCommand } from './build-command.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const agentSources = join(root, 'packages/agent/src');

/** The releases that this repository makes. */
export const agentReleases: readonly { generation: Generation; version: string }[] = [
  { generation: 'sus', version: '5.4.0.1' },
  { generation: 'wsus', version: '7.9.0.1' },
];

/** Bundles one agent release to `<folder>/<generation>/<version>/{release.json,agent.mjs}`. */
export async function buildAgent(folder: string, generation: Generation, version: string): Promise<void> {
  const program = await bundle(join(agentSources, generation, 'main.ts'));
  const target = join(folder, generation, version);
  const fresh = `${target}.new-${process.pid}`;
  await mkdir(fresh, { recursive: true });
  await writeFile(join(fresh, 'agent.mjs'), program);
  await writeFile(
    join(fresh, releaseFileName),
    encodeRelease({
      product: 'moult-agent',
      generation,
      version,
      entry: 'agent.mjs',
      files: [
        {
          name: 'agent.mjs',
          sizeBytes: program.length,
          sha256: createHash('sha256').update(program).digest('hex'),
        },
      ],
    }),
  );
  await rm(target, { recursive: true, force: true });
  await rename(fresh, target);
}

/** Bundles the host to `<folder>/host/host.mjs`. */
export async function buildHost(folder: string): Promise<void> {
  const file = join(folder, 'host', 'host.mjs');
  await mkdir(join(folder, 'host'), { recursive: true });
  await writeFile(`${file}.${process.pid}`, await bundle(join(agentSources, 'host', 'main.ts')));
  await rename(`${file}.${process.pid}`, file);
}

/** Names stay as they are and only blanks go: stack traces in the field must be readable. */
async function bundle(entry: string): Promise<Uint8Array> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    absWorkingDir: root,
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    charset: 'utf8',
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    logLevel: 'warning',
    // CommonJS libraries inside the bundle ask for Node's own modules through require.
    banner: {
      js: "import{createRequire as moultRequire}from'node:module';const require=moultRequire(import.meta.url);",
    },
  });
  const [file] = outputFiles;
  if (!file) throw new Error(`esbuild made nothing of ${entry}`);
  return file.contents;
}

async function buildConsole(): Promise<void> {
  const script = join(root, 'packages/console/build.ts');
  if (!existsSync(script)) return;
  const { buildConsole: run } = await import(pathToFileURL(script).href);
  await run();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const started = performance.now();
  const dist = join(root, 'packages/agent/dist');
  await Promise.all([
    ...agentReleases.map(({ generation, version }) => buildAgent(dist, generation, version)),
    buildHost(dist),
    buildConsole(),
    buildCommand(root),
  ]);
  console.log(
    `build: agent releases, host, console and command in ${((performance.now() - started) / 1000).toFixed(1)} s`,
  );
}
