// The two groups that every WSUS has: the schema makes them.
export { allComputers, unassignedComputers } from '@moult/catalog';
