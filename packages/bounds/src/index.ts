export { BoundsError, type BoundsErrorCode } from './errors.ts';
export { boundsInEnvironment, type GivenBound, giveBounds, inheritBounds, variableOfBound } from './give.ts';
export { overrideBounds } from './override.ts';
export {
  type Bound,
  type BoundDeclaration,
  type BoundOrigin,
  type BoundTable,
  boundsOf,
  declareBounds,
} from './table.ts';
export { inWords, type Unit } from './units.ts';
