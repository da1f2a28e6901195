// The state of publication that the row of a package holds. In a file of its own, so that a list loads nothing that fetches.

/** The value of `publishedAs` for a package whose text has this digest, with its file or for detection alone. */
export function publishedText(digest: string, withContent: boolean): string {
  return `${digest} ${withContent ? 'content' : 'rules'}`;
}
