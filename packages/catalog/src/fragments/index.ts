export * from './derive.ts';
export { chooseLanguage, chooseLanguages } from './languages.ts';
export { hasSameContent } from './same-content.ts';
