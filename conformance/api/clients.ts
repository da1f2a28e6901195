// Foreign programs on the OpenAPI document of the API: a linter accepts it, two generators make clients of it, and the compiler of
// TypeScript accepts the clients. npm fetches the programs into a folder of their own.
//   node conformance/api/clients.ts
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openApiDocument } from '../../packages/server/src/sites/api/document.ts';

const programs = ['@redocly/cli@2.77.0', 'openapi-typescript@7.13.0', '@hey-api/openapi-ts@0.99.0', 'typescript@5.9.3'];
const strict = ['--noEmit', '--strict', '--skipLibCheck', '--target', 'es2022', '--module', 'esnext'];
const compile = [...strict, '--moduleResolution', 'bundler', '--lib', 'es2022,dom,dom.iterable'];

const checks: readonly (readonly [what: string, program: string, args: readonly string[]])[] = [
  ['the linter of Redocly accepts the document', 'redocly', ['lint', 'openapi.json', '--format=summary']],
  ['openapi-typescript makes types of it', 'openapi-typescript', ['openapi.json', '-o', 'types.ts']],
  ['hey-api makes a client of it', 'openapi-ts', ['-i', 'openapi.json', '-o', 'client']],
  ['the types compile', 'tsc', [...compile, 'types.ts']],
  ['the client compiles', 'tsc', [...compile, 'client/index.ts']],
];

const folder = mkdtempSync(join(tmpdir(), 'moult-api-clients-'));
try {
  writeFileSync(join(folder, 'openapi.json'), openApiDocument());
  writeFileSync(join(folder, 'package.json'), '{"private":true}');
  run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline', ...programs]);
  for (const [what, program, args] of checks) {
    run(join(folder, 'node_modules/.bin', program), args);
    console.log(`✓ ${what}`);
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function run(program: string, args: readonly string[]): void {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(`✗ ${program} ${args.join(' ')}\n${error?.message ?? ''}${stdout}${stderr}`);
}
