export { readYaml } from './read-yaml.ts';
