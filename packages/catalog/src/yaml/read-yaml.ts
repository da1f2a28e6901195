// Configuration that people keep under version control, as YAML (JSON is YAML too).
import { parseAllDocuments } from 'yaml';

/** The documents of a text, or the first thing that is wrong in it, with its line. An alias is refused: it can multiply a text. */
export function readYaml(text: string): { documents: unknown[] } | { problem: string } {
  const documents: unknown[] = [];
  try {
    for (const document of [parseAllDocuments(text, { uniqueKeys: true })].flat()) {
      const [error] = document.errors;
      if (error) return { problem: error.message.split('\n')[0] ?? 'it is not YAML' };
      const value: unknown = document.toJS({ maxAliasCount: 0 });
      if (value !== null && value !== undefined) documents.push(value);
    }
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
  return { documents };
}
