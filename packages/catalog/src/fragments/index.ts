export * from './derive.ts';
export { chooseLanguages } from './languages.ts';
export { hasSameContent } from './same-content.ts';
