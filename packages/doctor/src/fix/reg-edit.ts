// Takes values out of a registry export and leaves every other byte as it was.
import { keyName } from '../registry/key-name.ts';
import { decodeText, sniffEncoding } from '../text/encoding.ts';

/** The export without the named values (key in lower case). Encoding, byte order mark and line ends stay. */
export function removeRegValues(bytes: Buffer, removals: readonly { key: string; name: string }[]): Buffer {
  const { encoding, markBytes } = sniffEncoding(bytes);
  const text = decodeText(bytes);
  const gone = new Set(removals.map(({ key, name }) => `${key}\n${name.toLowerCase()}`));
  let key = '';
  let dropping = false;
  const kept = text.split(/(?<=\n)/).filter((line) => {
    const bare = line.trim();
    // A value of hexadecimal data goes on in lines after one that ends with a backslash.
    if (dropping) {
      dropping = bare.endsWith('\\');
      return false;
    }
    const section = /^\[(.+)\]$/.exec(bare)?.[1];
    if (section !== undefined) key = keyName(section);
    const name = /^"((?:[^"\\]|\\.)*)"\s*=/.exec(bare)?.[1];
    if (name === undefined || !gone.has(`${key}\n${name.replace(/\\(.)/g, '$1').toLowerCase()}`)) return true;
    dropping = bare.endsWith('\\') && /=\s*hex/i.test(bare);
    return false;
  });
  return Buffer.concat([bytes.subarray(0, markBytes), encode(kept.join(''), encoding)]);
}

function encode(text: string, encoding: ReturnType<typeof sniffEncoding>['encoding']): Buffer {
  if (encoding === 'utf-16le') return Buffer.from(text, 'utf16le');
  if (encoding === 'utf-16be') return Buffer.from(text, 'utf16le').swap16();
  return Buffer.from(text, encoding === 'utf-8' ? 'utf8' : 'latin1');
}
