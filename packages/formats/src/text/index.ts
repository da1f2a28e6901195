export { cutText } from './cut.ts';
export { jsonText, visibleIn, visibleJson, visibleLines, visibleText } from './visible.ts';
