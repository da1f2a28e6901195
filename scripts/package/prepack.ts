// npm pack runs this first.
import { fileURLToPath } from 'node:url';
import { preparePackage } from './prepare-package.ts';

await preparePackage(fileURLToPath(new URL('../..', import.meta.url)));
