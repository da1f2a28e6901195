// npm run build, and `npm ci` through prepare. It bundles the programs that travel: the agents and their host. It also
// bundles the pages for a browser (the console), and the moult command, which must start fast. The client of the API comes
// with its types. Same sources, same bytes. `buildAgent` also makes releases of other versions, for tests.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { encodeRelease, type Generation, type Release, releaseFileName } from '@moult/protocol/self-update';
import { build } from 'esbuild';
import { buildClient } from './build-client.ts';
import { buildCommand } from './build-command.ts';
import { buildServiceHost } from './build-service-host.ts';
import { agentPrograms, bundledPackages, noticesOf } from './package/bundled-packages.ts';
import { readPage } from './read-page.ts';
import { requireHttp } from './require-http.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const agentSources = join(root, 'packages/agent/src');

/** The releases that this repository makes. */
export const agentReleases: readonly { generation: Generation; version: string }[] = [
  { generation: 'sus', version: '5.4.0.1' },
  { generation: 'wsus', version: '7.9.0.2' },
];

/** The host of these releases. */
export const hostRelease = '7.9.0.2';

/** Bundles one agent release to `<folder>/<generation>/<version>/{release.json,agent.mjs}`. */
export async function buildAgent(folder: string, generation: Generation, version: string): Promise<void> {
  const program = await bundle(join(agentSources, generation, 'main.ts'));
  await writeRelease(join(folder, generation, version), { product: 'moult-agent', generation, version }, program);
}

type Named = Pick<Release, 'product' | 'generation' | 'version'>;

/** A release of one program, complete or not at all. */
async function writeRelease(target: string, named: Named, program: Uint8Array): Promise<void> {
  const entry = named.product === 'moult-host' ? 'host.mjs' : 'agent.mjs';
  const fresh = `${target}.new-${process.pid}`;
  await mkdir(fresh, { recursive: true });
  await writeFile(join(fresh, entry), program);
  const sha256 = createHash('sha256').update(program).digest('hex');
  const files = [{ name: entry, sizeBytes: program.length, sha256 }];
  await writeFile(join(fresh, releaseFileName), encodeRelease({ ...named, entry, files }));
  await rm(target, { recursive: true, force: true });
  await rename(fresh, target);
}

/** Bundles one host release to `<folder>/host/<version>/{release.json,host.mjs}`. */
export async function buildHost(folder: string, version = hostRelease): Promise<void> {
  const program = await bundle(join(agentSources, 'host', 'main.ts'), `globalThis.moultHostVersion="${version}";`);
  await writeRelease(join(folder, 'host', version), { product: 'moult-host', generation: 'wsus', version }, program);
}

/** Bundles moult-agent, the program of a bundle, to `<folder>/command/moult-agent.mjs`, with the licences of what is inside. */
export async function buildAgentCommand(folder: string): Promise<void> {
  const target = join(folder, 'command', 'moult-agent.mjs');
  await mkdir(join(folder, 'command'), { recursive: true });
  await writeFile(`${target}.${process.pid}`, await bundle(join(root, 'packages/cli/src/agent-main.ts')));
  await rename(`${target}.${process.pid}`, target);
  const notices = join(folder, 'command', 'THIRD-PARTY-NOTICES.txt');
  await writeFile(`${notices}.${process.pid}`, noticesOf(await bundledPackages(root, agentPrograms)));
  await rename(`${notices}.${process.pid}`, notices);
}

/** Names stay as they are and only blanks go: stack traces in the field must be readable. */
async function bundle(entry: string, firstLine = ''): Promise<Uint8Array> {
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
    plugins: [requireHttp],
    // CommonJS libraries inside the bundle ask for Node's own modules through require.
    banner: {
      js: `${firstLine}import{createRequire as moultRequire}from'node:module';const require=moultRequire(import.meta.url);`,
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
  await run(readPage);
}

/** Builds all that travels, into the folders `dist` of its packages, and says how long it took. */
export async function buildAll(): Promise<void> {
  const started = performance.now();
  const dist = join(root, 'packages/agent/dist');
  await Promise.all([
    ...agentReleases.map(({ generation, version }) => buildAgent(dist, generation, version)),
    buildHost(dist),
    buildAgentCommand(dist),
    buildConsole(),
    buildCommand(root),
    buildClient(root),
  ]);
  const why = buildServiceHost(join(dist, 'windows', 'agent-service.exe'));
  if (why !== '')
    console.log(`build: no service host for Windows: ${why}. A bundle of this build uses the Task Scheduler.`);
  console.log(
    `build: agent releases, host, console, command and client in ${((performance.now() - started) / 1000).toFixed(1)} s`,
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildAll();
