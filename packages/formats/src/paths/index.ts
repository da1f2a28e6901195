export { collisionKey, toPathSegments } from './names.ts';
