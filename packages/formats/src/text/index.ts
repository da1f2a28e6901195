export { counted } from './counted.ts';
export { type CsvCell, csvLine } from './csv.ts';
export { cutText } from './cut.ts';
export { decodeText } from './decode.ts';
export { escapeXml } from './escape-xml.ts';
export { jsonText, visibleIn, visibleJson, visibleLines, visibleText } from './visible.ts';
