// What the row of a package says of its publication. A file of its own: it loads nothing that fetches or packs.

/** The value of `publishedAs` for a package whose text has this digest, with its file or for detection alone. */
export function publishedText(digest: string, withContent: boolean): string {
  return `${digest} ${withContent ? 'content' : 'rules'}`;
}
