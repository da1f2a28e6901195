// Whose agent a release is: the names that a vendor gives it. They become folders, registry keys, a service and a package, so
// each is plain enough for all of them.
import { ProtocolError } from '../errors.ts';

export interface Brand {
  /** Package, command and service: `contoso-updates`. */
  id: string;
  /** The folder in Program Files and the key below HKLM\SOFTWARE. */
  vendor: string;
  /** The folder and the key below those of the vendor. */
  product: string;
  /** For people: the service, the panel, the list of programs. */
  name: string;
  /** The panel's picture: one of the files of the release, SVG or PNG. */
  icon?: string;
}

/** The agent as this project makes it. Its releases name no brand. */
export const moultBrand: Brand = { id: 'moult-agent', vendor: 'Moult', product: 'Agent', name: 'Moult Agent' };

/** At least two words: no `ssh` and no `cron`. */
const idForm = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)+$/;
const folderForm = /^[A-Za-z0-9](?:[A-Za-z0-9 ._-]*[A-Za-z0-9])?$/;
// No quote, dollar, per cent sign or backslash: unit files and command lines give them a meaning.
const nameForm = /^[\p{L}\p{N}](?:[\p{L}\p{M}\p{N} .,&()+-]*[\p{L}\p{M}\p{N})])?$/u;
const iconForm = /^[A-Za-z0-9][A-Za-z0-9._-]*\.(?:svg|png)$/;

/** Folders and keys that are not a vendor's. */
const taken =
  /^(?:microsoft.*|windows.*|policies|classes|clients|wow6432node|common files|(?:con|prn|aux|nul|com\d|lpt\d) *(?:\..*)?)$/i;
const takenIds = /^(?:systemd-|dbus-|moult-(?!agent$))/;

/** The brand that `value` describes. Throws PROTOCOL_RELEASE_MALFORMED for names that are not safe everywhere. */
export function parseBrand(value: unknown): Brand {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed('it is not an object');
  const known = ['id', 'vendor', 'product', 'name', 'icon'];
  const strange = Object.keys(value).find((key) => !known.includes(key));
  if (strange !== undefined) throw malformed(`${JSON.stringify(strange)} is not a part of it`);
  const { id, vendor, product, name, icon } = value as Record<string, unknown>;
  const brand: Brand = {
    id: text(id, 'id', idForm, 40, takenIds),
    vendor: text(vendor, 'vendor', folderForm, 40, taken),
    product: text(product, 'product', folderForm, 40, taken),
    name: text(name, 'name', nameForm, 64),
    ...(icon === undefined ? {} : { icon: text(icon, 'icon', iconForm, 64) }),
  };
  // Its id decides about keys and service, its other names about folders: one without the other is two agents in one place.
  const isOurs = brand.id === moultBrand.id;
  if (isOurs ? !isSameBrand(brand, moultBrand) : brand.vendor.toLowerCase() === moultBrand.vendor.toLowerCase())
    throw malformed(`the names of ${moultBrand.name} belong together, and to it alone`);
  return brand;
}

/** Whether both are one agent on a machine. Name and icon may change with a release. */
export function isSameBrand(one: Brand, other: Brand): boolean {
  return one.id === other.id && one.vendor === other.vendor && one.product === other.product;
}

function text(value: unknown, part: string, form: RegExp, maxLength: number, refused?: RegExp): string {
  if (typeof value !== 'string' || !form.test(value))
    throw malformed(`its ${part} is missing or has a form that is not allowed`);
  if (value.length > maxLength) throw malformed(`its ${part} is longer than ${maxLength} characters`);
  if (refused?.test(value)) throw malformed(`its ${part} ${JSON.stringify(value)} belongs to somebody else`);
  return value;
}

function malformed(why: string): ProtocolError {
  return new ProtocolError('PROTOCOL_RELEASE_MALFORMED', `The brand of the release cannot be used: ${why}.`);
}
