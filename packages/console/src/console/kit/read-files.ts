// Files that a person drops or chooses, read in the browser within the bounds of one call of the API.

interface SentFile {
  name: string;
  kind: 'log' | 'settings';
  base64: string;
}

export const mostFiles = 50;
/** The body of the call is a third larger, and the server takes 4 MiB unless an administrator changed that. */
export const mostBytes = 3_000_000;

/** The files in what was dropped: those of its folders too. */
export async function filesIn(items: DataTransferItemList): Promise<File[]> {
  // The list is empty as soon as the event is over.
  const dropped = [...items].map((item) => item.webkitGetAsEntry() ?? item.getAsFile());
  const found: File[] = dropped.filter((one) => one instanceof File);
  const queue = dropped.filter((one) => one !== null && !(one instanceof File)) as FileSystemEntry[];
  for (let entry = queue.shift(); entry && found.length <= mostFiles; entry = queue.shift()) {
    if (isFile(entry)) found.push(await fileOf(entry));
    else if (isFolder(entry)) queue.push(...(await entriesOf(entry)));
  }
  return found;
}

/** As the API takes them: each with a name of its own, without a folder. */
export async function toSent(files: readonly File[]): Promise<SentFile[]> {
  const names = new Set<string>();
  const sent: SentFile[] = [];
  for (const file of files) {
    const name = ownName(plainName(file.name), names);
    names.add(name.toLowerCase());
    sent.push({ name, kind: /\.(?:reg|pol)$/i.test(name) ? 'settings' : 'log', base64: await base64Of(file) });
  }
  return sent;
}

/** The server takes letters, digits and a few marks. */
export function plainName(name: string): string {
  const plain = name.replace(/[^\w .()+-]/g, '_').slice(-120);
  return /^[\w(]/.test(plain) ? plain : `_${plain}`;
}

export function ownName(name: string, taken: ReadonlySet<string>): string {
  for (let number = 0; ; number++) {
    const wanted = number === 0 ? name : `(${number}) ${name}`;
    if (!taken.has(wanted.toLowerCase())) return wanted;
  }
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile;
}

function isFolder(entry: FileSystemEntry): entry is FileSystemDirectoryEntry {
  return entry.isDirectory;
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const found: FileSystemEntry[] = [];
  // Each call answers a part of them.
  while (found.length <= mostFiles) {
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (part.length === 0) break;
    found.push(...part);
  }
  return found;
}

function base64Of(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener('error', () => reject(reader.error));
    reader.addEventListener('load', () => resolve(String(reader.result).replace(/^[^,]*,?/, '')));
    reader.readAsDataURL(file);
  });
}
