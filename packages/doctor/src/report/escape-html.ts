import { visibleLines } from '@moult/formats/text';

/** Text made safe for HTML and attributes. Characters that cannot be seen become marks (visibleLines). */
export function escapeHtml(text: string): string {
  return visibleLines(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
