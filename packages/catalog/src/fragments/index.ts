export * from './derive.ts';
export { chooseLanguage, chooseLanguages } from './languages.ts';
