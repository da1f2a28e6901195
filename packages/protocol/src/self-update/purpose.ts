// The purpose of a signed cabinet, in the description that its signer signed with it. One key signs updates, ident
// files and releases. Only the description keeps a cabinet of one kind from being taken for another.

/** The description of a signed `iuident.cab` or `wuident.cab`. */
export function identPurpose(name: 'iuident' | 'wuident'): string {
  return `Moult ${name}`;
}

/** The description of a signed `wuaucomp.cab` with this version of an agent. */
export function releasePurpose(version: string): string {
  return `Moult agent ${version}`;
}

/** The description of a signed `host.cab` with this version of a host. */
export function hostPurpose(version: string): string {
  return `Moult host ${version}`;
}

/** The description of the cabinet that brings the root of the operator's trust metadata. */
export const trustRootPurpose = 'Moult trust root';

/** The description of an update's file. `title` is any text. It cannot make the file something else. */
export function updatePurpose(title: string): string {
  return isReserved(title) ? `Update: ${title}` : title;
}

/** Whether a file with this description may be installed as an update. Files without a description may. */
export function isUpdatePurpose(description: string | undefined): boolean {
  return description === undefined || !isReserved(description);
}

// Letters of either case, and blanks around: nearly the same is not another purpose, it is a trap.
function isReserved(description: string): boolean {
  return /^\s*moult\s+(agent|host|iuident|wuident|canary|trust root)\b/i.test(description.normalize('NFKC'));
}
