// Writing XML: templates and two escapes. A text that XML 1.0 cannot carry is replaced, never emitted.

// XML 1.0, 2.2: what is neither a Char nor half of one. Built from a string, so that no control character stands here.
const illegal = new RegExp(
  '[\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\ufffe\\uffff]' +
    '|[\\ud800-\\udbff](?![\\udc00-\\udfff])|(?<![\\ud800-\\udbff])[\\udc00-\\udfff]',
  'g',
);
const inText = /[&<>\r]/g;
const inAttribute = /[&<>"\r\n\t]/g;
const references: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#xD;',
  '\n': '&#xA;',
  '\t': '&#x9;',
};

/** Escapes character data. Characters that XML 1.0 forbids become U+FFFD, so that the result is always well-formed. */
export function escapeText(text: string): string {
  return text.replace(illegal, '\ufffd').replace(inText, (character) => references[character] ?? '');
}

/** Escapes an attribute value for use between double quotes. */
export function escapeAttribute(text: string): string {
  return text.replace(illegal, '\ufffd').replace(inAttribute, (character) => references[character] ?? '');
}
