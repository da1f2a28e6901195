// Compiles the AssemblyScript of the packages to WebAssembly and puts it, as text, beside the code that uses it.
// The results are kept in the repository: whoever uses them needs no compiler, and a test holds that they are what the
// sources give.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const root = fileURLToPath(new URL('..', import.meta.url));

export interface WasmModule {
  /** Folder of its index.ts. */
  sources: string;
  /** The file that keeps it. */
  target: string;
  constant: string;
  /** All of its memory, in pages of 64 KB. */
  pages: number;
}

export const wasmModules: readonly WasmModule[] = [
  {
    sources: 'packages/formats/assembly',
    target: 'packages/formats/src/codec/module.ts',
    constant: 'codecModule',
    pages: 84,
  },
  {
    sources: 'packages/doctor/assembly/w3c',
    target: 'packages/doctor/src/http-log/scanner-module.ts',
    constant: 'scannerModule',
    pages: 194,
  },
];

/** The text of `target`. */
export async function compileModule({ sources, constant, pages }: WasmModule): Promise<string> {
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main(
    [
      `${sources}/index.ts`,
      ...['--outFile', 'module.wasm', '--runtime', 'stub', '--use', 'abort='],
      ...['-O3', '--converge', '--noAssert', '--initialMemory', `${pages}`, '--maximumMemory', `${pages}`],
    ],
    {
      writeFile(_name, contents) {
        if (typeof contents !== 'string') binary = contents;
      },
    },
  );
  if (error || !binary) throw new Error(`${sources} does not compile: ${stderr.toString()}`);
  const lines =
    Buffer.from(binary)
      .toString('base64')
      .match(/.{1,110}/g) ?? [];
  return (
    `// Made by scripts/build-wasm.ts from ${sources}. Do not edit.\n` +
    `export const ${constant} =\n  '${lines.join("' +\n  '")}';\n`
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.chdir(root);
  for (const module of wasmModules) writeFileSync(module.target, await compileModule(module));
}
