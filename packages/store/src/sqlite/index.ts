export { checkInBackground } from './background-check.ts';
