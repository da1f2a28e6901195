// Compiles packages/formats/assembly to WebAssembly and puts it, as text, into packages/formats/src/codec/module.ts.
// The result is kept in the repository: whoever uses the library needs no compiler, and a test holds that it is what
// the sources give.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The text of packages/formats/src/codec/module.ts. */
export async function compileCodec(): Promise<string> {
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main(
    [
      'packages/formats/assembly/index.ts',
      ...['--outFile', 'codec.wasm', '--runtime', 'stub', '--use', 'abort='],
      ...['-O3', '--converge', '--noAssert', '--initialMemory', '84', '--maximumMemory', '84'],
    ],
    {
      writeFile(_name, contents) {
        if (typeof contents !== 'string') binary = contents;
      },
    },
  );
  if (error || !binary) throw new Error(`the codec does not compile: ${stderr.toString()}`);
  const lines =
    Buffer.from(binary)
      .toString('base64')
      .match(/.{1,110}/g) ?? [];
  return (
    '// Made by scripts/build-codec.ts from packages/formats/assembly; do not edit.\n' +
    `export const codecModule =\n  '${lines.join("' +\n  '")}';\n`
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.chdir(root);
  writeFileSync('packages/formats/src/codec/module.ts', await compileCodec());
}
