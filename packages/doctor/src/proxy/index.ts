export { isProxyKind, proxyKinds, proxySnippet } from './snippets.ts';
