// Member names on the wire: bytes with a backslash between folders. They are UTF-8 if the attribute says so. Otherwise
// they are in the maker's code page, which the cabinet does not name.
import { FormatError } from '../errors.ts';
import { toPathSegments } from '../paths/index.ts';

/** MS-CAB 2.4 _A_NAME_IS_UTF. */
const utf8NameAttribute = 0x80;

/** Longest name, in bytes, without its NUL (MS-CAB 2.4). */
export const maxNameBytes = 255;

/** The name a member's bytes spell. `legacyEncoding` is a WHATWG label, for names not marked as UTF-8. */
export function decodeName(bytes: Uint8Array, attributes: number, legacyEncoding: string): string {
  const isUtf8 = (attributes & utf8NameAttribute) !== 0;
  return new TextDecoder(isUtf8 ? 'utf-8' : legacyEncoding, { ignoreBOM: true }).decode(bytes);
}

/**
 * The path of a member below the folder that it is unpacked to. `./a` and `a\.\b`, as makers on Unix write them, are
 * `a` and `a\b`. Throws FORMAT_UNSAFE_NAME as toPathSegments does.
 */
export function toMemberPath(name: string): string[] {
  return toPathSegments(plainName(name));
}

/** The name without the folders that mean "here". */
export function plainName(name: string): string {
  if (!/(?:^|[\\/])\.[\\/]/.test(name)) return name;
  return name
    .split(/[\\/]/)
    .filter((segment) => segment !== '.')
    .join('\\');
}

/** Bytes of a name as we write it: plain ASCII, else UTF-8 with its attribute. Throws FORMAT_UNSAFE_NAME. */
export function encodeName(name: string): { bytes: Uint8Array; attribute: number } {
  const wire = toPathSegments(name).join('\\');
  const bytes = new TextEncoder().encode(wire);
  if (bytes.length > maxNameBytes) {
    throw new FormatError('FORMAT_UNSAFE_NAME', `A name in a cabinet has at most ${maxNameBytes} bytes.`, {
      member: name,
    });
  }
  return { bytes, attribute: bytes.length === wire.length ? 0 : utf8NameAttribute };
}
