// For the bundles: node:http through require. As an import it is read name by name, and reading the name WebSocket loads all
// of Node's fetch: 60 ms of processor time at each start of a program that never uses it.
import type { Plugin } from 'esbuild';

export const requireHttp: Plugin = {
  name: 'require-http',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:https?$/ }, ({ kind, path }) =>
      kind === 'import-statement' ? { path, namespace: 'required' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'required' }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)});`,
    }));
  },
};
