// Writing XML: templates and two escapes. A text that XML 1.0 cannot carry is replaced, never emitted.

// XML 1.0, 2.2: what is neither a Char nor half of one. Built from a string, so that no control character stands here.
const illegal = new RegExp(
  '[\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\ufffe\\uffff]' +
    '|[\\ud800-\\udbff](?![\\udc00-\\udfff])|(?<![\\ud800-\\udbff])[\\udc00-\\udfff]',
  'g',
);
/** Most texts hold nothing that must be escaped, and looking once costs less than replacing twice. */
const suspicious = /[^\t\n\x20\x21\x23-\x25\x27-\x3b\x3d\x3f-\ud7ff\ue000-\ufffd]/;
const suspiciousInAttribute = /[^\x20\x21\x23-\x25\x27-\x3b\x3d\x3f-\ud7ff\ue000-\ufffd]/;
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
  if (!suspicious.test(text)) return text;
  return text.replace(illegal, '\ufffd').replace(inText, (character) => references[character] ?? '');
}

/** Escapes an attribute value for use between double quotes. */
export function escapeAttribute(text: string): string {
  if (!suspiciousInAttribute.test(text)) return text;
  return text.replace(illegal, '\ufffd').replace(inAttribute, (character) => references[character] ?? '');
}
