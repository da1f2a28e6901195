// The calls of a file whose result somebody must end: it has a Symbol.dispose or a Symbol.asyncDispose.
import {
  type CallExpression,
  isAwaitExpression,
  isCallExpression,
  isIdentifier,
  isNewExpression,
  isObjectLiteralExpression,
  isParenthesizedExpression,
  isPropertyAccessExpression,
  type Node,
  type SourceFile,
} from 'typescript/unstable/ast';
import type { Checker, Type } from 'typescript/unstable/sync';

export interface Opened {
  /** The calls, without those that give back what they were called on. */
  values: Set<Node>;
  /** Whether somebody must end the value of this call or object. */
  isOpen(node: Node): boolean;
  /** The name of its type, for people. */
  typeOf(node: Node): string;
}

export function findOpened(source: SourceFile, checker: Checker): Opened {
  const calls = nodesOf(source, (node) => (isCallExpression(node) && !isPlain(node)) || isNewExpression(node));
  const objects = nodesOf(source, isObjectLiteralExpression);
  const given = calls.flatMap((call) => [...((call as CallExpression).arguments ?? [])].filter(isIdentifier));
  const nodes = [...calls, ...objects, ...given];
  const types = new Map<Node, Type>();
  for (const [at, type] of typesAt(checker, nodes.map(awaited)).entries()) {
    const node = nodes[at];
    if (node && type) types.set(node, type);
  }
  const isOpen = (node: Node) => hasToEnd(checker, types.get(node));
  const open = calls.filter(isOpen);
  const receivers = typesAt(checker, open.map(receiverOf));
  return {
    values: new Set(open.filter((call, at) => receivers[at]?.id !== types.get(call)?.id || receiverOf(call) === call)),
    isOpen,
    typeOf: (node) => {
      const type = types.get(node);
      return type ? checker.typeToString(type).slice(0, 60) : '';
    },
  };
}

/** Names of methods and functions that end something, or give back what they were given. */
const ends = new Set(['close', 'stop', 'end', 'kill', 'destroy', 'use', 'adopt', 'defer']);
/** Calls that open nothing, and hold whole tests in their arguments: to ask for their types takes long. */
const plain = new Set(['assert', 'it', 'test', 'describe', 'suite', 'JSON', 'Buffer', 'Object', 'Math', 'console']);

function isPlain(call: CallExpression): boolean {
  const { expression } = call;
  if (ends.has(lastName(expression))) return true;
  const root = isPropertyAccessExpression(expression) ? expression.expression : expression;
  return isIdentifier(root) && plain.has(root.text);
}

/** The call, or the `await` around it. */
function awaited(node: Node): Node {
  let at = node;
  while (isParenthesizedExpression(at.parent)) at = at.parent;
  return isAwaitExpression(at.parent) ? at.parent : node;
}

/** The object of a method call. For any other call, the call itself. */
function receiverOf(node: Node): Node {
  return isCallExpression(node) && isPropertyAccessExpression(node.expression) ? node.expression.expression : node;
}

function typesAt(checker: Checker, nodes: Node[]): readonly (Type | undefined)[] {
  return nodes.length === 0 ? [] : checker.getTypeAtLocation(nodes);
}

const known = new WeakMap<Checker, Map<number, boolean>>();

function hasToEnd(checker: Checker, type: Type | undefined): boolean {
  if (type === undefined) return false;
  const ofChecker = known.get(checker) ?? new Map<number, boolean>();
  known.set(checker, ofChecker);
  const found = ofChecker.get(type.id) ?? isEndless(checker.getPropertiesOfType(type).map(({ name }) => name));
  ofChecker.set(type.id, found);
  return found;
}

/**
 * Some types are left out: timers (`hasRef`) and values with an end and nothing else. Streams and sockets (`pipe`) and
 * readers of lines end with their source. Iterators (`next`) and connections of node:sqlite keep no process alive. The
 * parts of a browser (`goto`, `headersArray`, `newPage` without `isConnected`) end with it.
 */
function isEndless(members: readonly string[]): boolean {
  if (!members.some((name) => /^__@(?:asyncDispose|dispose)/.test(name))) return false;
  if (members.includes('newPage')) return members.includes('isConnected');
  if (members.every((name) => /dispose/i.test(name))) return false;
  return !['hasRef', 'pipe', 'next', 'goto', 'setPrompt', 'headersArray', 'enableLoadExtension'].some((name) =>
    members.includes(name),
  );
}

/** `c` of `a.b.c`. */
export function lastName(node: Node): string {
  if (isPropertyAccessExpression(node)) return node.name.text;
  return isIdentifier(node) ? node.text : '';
}

export function nodesOf(root: Node, wanted: (node: Node) => boolean): Node[] {
  const found: Node[] = [];
  const visit = (node: Node) => {
    if (wanted(node)) found.push(node);
    node.forEachChild(visit);
  };
  visit(root);
  return found;
}
