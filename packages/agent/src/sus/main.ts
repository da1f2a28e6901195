// The SUS client's program, bundled to agent.mjs.
import { runProgram } from '../program/shell.ts';
import { SusClient } from './client.ts';

runProgram(import.meta.dirname, process.argv.slice(2), (context) => new SusClient(context));
