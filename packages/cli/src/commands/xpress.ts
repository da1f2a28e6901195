// moult xpress: encode and decode standard input to standard output.
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { FormatError } from '@moult/formats';
import { createXpressDecoder, createXpressEncoder, type XpressFormat, xpressFormats } from '@moult/formats/xpress';
import { type Command, InvalidArgumentError, Option } from 'commander';

interface XpressCommandOptions {
  format: XpressFormat;
  maxBytes: number;
  size?: number;
}

export function register(program: Command): void {
  const xpress = program
    .command('xpress')
    .description('pack and unpack Xpress, from standard input to standard output');
  xpress
    .command('encode')
    .description('pack standard input')
    .addOption(formatOption())
    .action(({ format }: XpressCommandOptions) => pass(createXpressEncoder(format)));
  xpress
    .command('decode')
    .description('unpack standard input')
    .addOption(formatOption())
    .option('--max-bytes <n>', 'refuse to unpack to more bytes', byteCount, 2 ** 31)
    .option('--size <n>', 'the unpacked size, if you know it (lz77 and lz77-huffman do not contain it)', byteCount)
    .action(({ format, maxBytes, size }: XpressCommandOptions) =>
      pass(createXpressDecoder(size === undefined ? { maxBytes } : { maxBytes, sizeBytes: size }, format)),
    );
}

function formatOption(): Option {
  return new Option('--format <format>', 'wusp is the Content-Encoding of update servers')
    .choices(xpressFormats)
    .default('wusp');
}

async function pass(transform: ReturnType<typeof createXpressEncoder>): Promise<void> {
  try {
    await pipeline(process.stdin as Readable, transform, process.stdout);
  } catch (error) {
    // The reader has seen enough, as `head` does.
    if (error instanceof Error && 'code' in error && error.code === 'EPIPE') return;
    throw error instanceof FormatError ? atItsPlace(error) : error;
  }
}

/** Standard input has no name, so the place in it is all that can be said. */
function atItsPlace(error: FormatError): FormatError {
  const { code, message, offset } = error;
  return new FormatError(code, `offset ${offset}: ${message}`, { offset, cause: error });
}

function byteCount(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('It is a number of bytes.');
  return value;
}
