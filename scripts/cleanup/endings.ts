// Whether a value is ended, whatever happens in the test that opened it. A value is followed from its call to its
// variable. The variable is then looked for in the places that run in any case.
import {
  type CallExpression,
  isArrayLiteralExpression,
  isArrowFunction,
  isAsExpression,
  isAwaitExpression,
  isBinaryExpression,
  isBindingElement,
  isBlock,
  isCallExpression,
  isComputedPropertyName,
  isConditionalExpression,
  isElementAccessExpression,
  isExpressionStatement,
  isFunctionDeclaration,
  isFunctionExpression,
  isIdentifier,
  isMethodDeclaration,
  isNewExpression,
  isNonNullExpression,
  isObjectLiteralExpression,
  isParenthesizedExpression,
  isPropertyAccessExpression,
  isPropertyAssignment,
  isReturnStatement,
  isSatisfiesExpression,
  isShorthandPropertyAssignment,
  isSpreadAssignment,
  isSpreadElement,
  isStringLiteral,
  isTryStatement,
  isVariableDeclaration,
  type Node,
  NodeFlags,
  type SourceFile,
  SyntaxKind,
} from 'typescript/unstable/ast';
import { lastName, nodesOf, type Opened } from './opened.ts';

/** Calls whose arguments run, or are ended, when the test ends. */
const hooks = new Set(['after', 'afterEach', 'finally', 'defer', 'use', 'adopt']);
const ends = new Set(['close', 'stop', 'end', 'kill', 'destroy', 'terminate', 'then', 'catch', 'finally']);
const keeps = new Set(['push', 'unshift', 'add', 'set']);
const spreads = new Set(['map', 'flatMap', 'from', 'all', 'then']);

/** How a value was followed. `maybeGiven`: whether it counts that a caller gets it. */
interface Path {
  seen: Set<Node>;
  maybeGiven: boolean;
}

export class Endings {
  readonly #source: SourceFile;
  readonly #opened: Opened;
  readonly #identifiers: Node[];
  /** Identifiers in the places that run in any case. */
  readonly #safe = new Set<Node>();

  constructor(source: SourceFile, opened: Opened) {
    this.#source = source;
    this.#opened = opened;
    this.#identifiers = nodesOf(source, isIdentifier);
    for (const place of nodesOf(source, runsAlways)) this.#addSafe(place);
  }

  /** Whether the value of `call` is ended, or handed to somebody who has to. */
  holds(call: Node): boolean {
    return isWaitedFor(call) || this.#isAround(call) || this.#isEndedByOpener(call) || this.#follow(call, true);
  }

  #follow(value: Node, maybeGiven: boolean): boolean {
    return this.#isHeld(value, { seen: new Set(), maybeGiven });
  }

  /** A value that is made of another open one ends with that one. */
  #isAround(call: Node): boolean {
    const given = isCallExpression(call) || isNewExpression(call) ? [...(call.arguments ?? [])] : [];
    return given.some((one) => isIdentifier(one) && this.#opened.isOpen(one));
  }

  /** A function of this file that ends what it opens, and gives it back too. */
  #isEndedByOpener(call: Node): boolean {
    if (!isCallExpression(call)) return false;
    const inside = this.#functionsNamed(lastName(call.expression), true).flatMap((body) =>
      nodesOf(body, isCallExpression),
    );
    return inside.some((one) => this.#opened.values.has(one) && this.#follow(one, false));
  }

  /** All that is named in a place is safe, and so is what the functions do that are named there. */
  #addSafe(place: Node): void {
    for (const name of nodesOf(place, isIdentifier)) {
      if (this.#safe.has(name)) continue;
      this.#safe.add(name);
      const isOwn = isPropertyAccessExpression(name.parent) && name.parent.expression.kind === SyntaxKind.ThisKeyword;
      for (const body of this.#functionsNamed(textOf(name), isOwn)) this.#addSafe(body);
    }
  }

  #functionsNamed(name: string, orMethods: boolean): Node[] {
    return this.#identifiers.flatMap((one): Node[] => {
      if (textOf(one) !== name) return [];
      const { parent } = one;
      if (isFunctionDeclaration(parent) && parent.name === one && parent.body) return [parent.body];
      if (orMethods && isMethodDeclaration(parent) && parent.name === one) return [parent];
      const isHolder = isVariableDeclaration(parent) || (orMethods && isPropertyAssignment(parent));
      const isNamed = isHolder && parent.name === one;
      return isNamed && parent.initializer && isFunctionNode(parent.initializer) ? [parent.initializer] : [];
    });
  }

  #isHeld(value: Node, path: Path): boolean {
    if (path.seen.has(value)) return false;
    path.seen.add(value);
    const { parent } = value;
    if (passesOn(parent)) return this.#isHeld(parent, path);
    if (isVariableDeclaration(parent)) {
      if (isUsing(parent)) return true;
      return namesOf(parent.name).some((name) => this.#isEnded(name, scopeOf(parent), path));
    }
    if (isBinaryExpression(parent)) return this.#isHeldByOperator(parent, value, path);
    if (isReturnStatement(parent)) return this.#isGivenAway(value, functionAround(parent), path);
    if (isArrowFunction(parent)) return this.#isGivenAway(value, parent, path);
    if (isPropertyAccessExpression(parent)) return this.#isHeldByMember(parent, path);
    if (isElementAccessExpression(parent)) return parent.expression === value;
    if (isCallExpression(parent)) return this.#isHeldByCall(parent, path);
    if (isPropertyAssignment(parent) || isSpreadAssignment(parent)) {
      return this.#opened.isOpen(parent.parent) || this.#isHeld(parent.parent, path);
    }
    return !isExpressionStatement(parent);
  }

  #isHeldByOperator(operation: Node, value: Node, path: Path): boolean {
    if (!isBinaryExpression(operation) || operation.right !== value) return true;
    const { kind } = operation.operatorToken;
    const isAssignment = kind === SyntaxKind.EqualsToken || kind === SyntaxKind.QuestionQuestionEqualsToken;
    if (!isAssignment) return this.#isHeld(operation, path);
    const name = rootOf(operation.left);
    // A value that another file declares, that file ends.
    if (name === undefined || !this.#identifiers.some((one) => textOf(one) === textOf(name) && isDeclared(one)))
      return true;
    return this.#isEnded(name, this.#scopeOfName(name, operation), path);
  }

  /** `open().close()` ends it. `open().listen()` is still the value. `open().url` forgets it. */
  #isHeldByMember(access: Node, path: Path): boolean {
    if (!isPropertyAccessExpression(access)) return true;
    const call = access.parent;
    if (!isCallExpression(call) || call.expression !== access) return false;
    return ends.has(access.name.text) || (this.#opened.isOpen(call) && this.#isHeld(call, path));
  }

  #isHeldByCall(call: CallExpression, path: Path): boolean {
    const method = lastName(call.expression);
    const holder = rootOf(call.expression);
    if (keeps.has(method) && holder) return this.#isEnded(holder, this.#scopeOfName(holder, call), path);
    return spreads.has(method) ? this.#isHeld(call, path) : true;
  }

  /** Whether the caller of a function ends what the function gives back: the type of the result tells it to. */
  #isGivenAway(value: Node, giver: Node | undefined, path: Path): boolean {
    if (giver === undefined) return path.maybeGiven;
    const call = giver.parent;
    if (isCallExpression(call) && spreads.has(lastName(call.expression))) return this.#isHeld(call, path);
    return path.maybeGiven && (!isObjectLiteralExpression(value) || this.#opened.isOpen(value));
  }

  #isEnded(name: Node, scope: Node, path: Path): boolean {
    const uses = this.#identifiers.filter((one) => textOf(one) === textOf(name) && isInside(one, scope));
    return uses.some(
      (use) =>
        this.#safe.has(use) ||
        isLetGo(use) ||
        endsWhenOpen(use) ||
        (use !== name && !isWritten(use) && this.#isPassed(use, path)),
    );
  }

  /** Whether this use of a variable hands its value to somebody who ends it. */
  #isPassed(use: Node, path: Path): boolean {
    const { parent } = use;
    if (path.seen.has(use)) return false;
    if (isShorthandPropertyAssignment(parent)) {
      path.seen.add(use);
      return (path.maybeGiven && this.#opened.isOpen(parent.parent)) || this.#isHandedOn(parent.parent, path);
    }
    return this.#isHandedOn(use, path);
  }

  #isHandedOn(value: Node, path: Path): boolean {
    let at = value;
    // `stops.push(server.close)` hands on the end of a server.
    if (isPropertyAccessExpression(at.parent) && ends.has(at.parent.name.text)) at = at.parent;
    while (passesOn(at.parent)) at = at.parent;
    const { parent } = at;
    if (isCallExpression(parent) && parent.expression !== at) {
      if (this.#opened.isOpen(parent)) return this.#isHeld(parent, path);
      return keeps.has(lastName(parent.expression)) && this.#isHeldByCall(parent, path);
    }
    const hands =
      isReturnStatement(parent) ||
      (isVariableDeclaration(parent) && parent.initializer === at) ||
      (isPropertyAssignment(parent) && parent.initializer === at) ||
      isSpreadAssignment(parent) ||
      (isArrowFunction(parent) && parent.body === at) ||
      (isBinaryExpression(parent) && parent.right === at);
    return hands && this.#isHeld(at, path);
  }

  /** The part of the file in which the name means what it means at `at`. */
  #scopeOfName(name: Node, at: Node): Node {
    const declared = this.#identifiers.filter(
      (one) => textOf(one) === textOf(name) && isDeclared(one) && isInside(at, scopeOf(one.parent)),
    );
    return declared.map((one) => scopeOf(one.parent)).at(-1) ?? this.#source;
  }
}

/** `server.listen(0, () => server.close(…))`: a server that finds a free port. */
function endsWhenOpen(use: Node): boolean {
  const isClosed = isPropertyAccessExpression(use.parent) && use.parent.name.text === 'close';
  const opener = isClosed ? functionAround(use)?.parent : undefined;
  return opener !== undefined && isCallExpression(opener) && lastName(opener.expression) === 'listen';
}

/** `server.unref()`: no test waits for it. */
function isLetGo(use: Node): boolean {
  return isPropertyAccessExpression(use.parent) && use.parent.name.text === 'unref';
}

/**
 * A program that runs to its own end, while the test does nothing but wait for that: `execFile` with a function, or
 * `spawn` with nothing between it and the wait that can fail.
 */
function isWaitedFor(call: Node): boolean {
  if (!isCallExpression(call)) return false;
  const last = call.arguments.at(-1);
  if (lastName(call.expression) === 'execFile') return last !== undefined && isFunctionNode(last);
  const declaration = call.parent;
  if (!isVariableDeclaration(declaration) || !isIdentifier(declaration.name)) return false;
  const { text } = declaration.name;
  const statement = declaration.parent.parent;
  const block = statement.parent;
  if (!isBlock(block)) return false;
  for (const next of [...block.statements].filter(({ pos }) => pos >= statement.end)) {
    const named = nodesOf(next, (node) => isIdentifier(node) && node.text === text);
    const waits = named.filter(isWaitForEnd);
    const isInPromise = isExpressionStatement(next) && isPromise(block.parent.parent);
    if (waits.some((wait) => isInPromise || isReturnStatement(next) || isAwaited(wait, next))) return true;
    if (nodesOf(next, isAwaitExpression).length > 0) return false;
  }
  return false;
}

function isAwaited(node: Node, within: Node): boolean {
  for (let at = node; at !== within; at = at.parent) if (isAwaitExpression(at)) return true;
  return false;
}

/** `child.once('close', …)`, or `once(child, 'close')`. */
function isWaitForEnd(name: Node): boolean {
  const { parent } = name;
  const call = isPropertyAccessExpression(parent) ? parent.parent : parent;
  if (!isCallExpression(call) || !/^(?:on|once)$/.test(lastName(call.expression))) return false;
  return call.arguments.some((one) => isStringLiteral(one) && /^(?:close|exit)$/.test(one.text));
}

function isPromise(node: Node): boolean {
  return isNewExpression(node) && isIdentifier(node.expression) && node.expression.text === 'Promise';
}

function runsAlways(node: Node): boolean {
  if (node.parent === undefined) return false;
  if (isVariableDeclaration(node.parent) && node.parent.initializer === node) return isUsing(node.parent);
  if (isCallExpression(node.parent) && node.parent.expression !== node) {
    return hooks.has(lastName(node.parent.expression));
  }
  if (isTryStatement(node.parent)) return node.parent.finallyBlock === node;
  const { name } = node as { name?: Node };
  return (isPropertyAssignment(node) || isMethodDeclaration(node)) && name !== undefined && isDispose(name);
}

function isDispose(name: Node): boolean {
  return isComputedPropertyName(name) && /^(?:asyncDispose|dispose)$/.test(lastName(name.expression));
}

function passesOn(node: Node): boolean {
  return (
    isAwaitExpression(node) ||
    isParenthesizedExpression(node) ||
    isAsExpression(node) ||
    isSatisfiesExpression(node) ||
    isNonNullExpression(node) ||
    isConditionalExpression(node) ||
    isArrayLiteralExpression(node) ||
    isSpreadElement(node)
  );
}

function isUsing(declaration: Node): boolean {
  return (declaration.parent.flags & NodeFlags.BlockScoped) >= NodeFlags.Using;
}

function isDeclared(name: Node): boolean {
  return (isVariableDeclaration(name.parent) || isBindingElement(name.parent)) && name.parent.name === name;
}

function isWritten(name: Node): boolean {
  return isDeclared(name) || (isBinaryExpression(name.parent) && name.parent.left === name);
}

function isFunctionNode(node: Node): boolean {
  return (
    isArrowFunction(node) || isFunctionExpression(node) || isFunctionDeclaration(node) || isMethodDeclaration(node)
  );
}

function functionAround(node: Node): Node | undefined {
  let at: Node | undefined = node.parent;
  while (at && !isFunctionNode(at)) at = at.parent;
  return at;
}

/** The block, the function or the file of a declaration. */
function scopeOf(declaration: Node): Node {
  let at = declaration.parent;
  while (at.parent && at.kind !== SyntaxKind.Block && !isFunctionNode(at)) at = at.parent;
  return at;
}

function namesOf(name: Node): Node[] {
  return isIdentifier(name) ? [name] : nodesOf(name, (node) => isIdentifier(node) && isDeclared(node));
}

/** The variable at the left of `a.b.c`. */
function rootOf(node: Node): Node | undefined {
  let at = node;
  while (isPropertyAccessExpression(at) || isElementAccessExpression(at)) at = at.expression;
  return isIdentifier(at) ? at : undefined;
}

function textOf(node: Node): string {
  return isIdentifier(node) ? node.text : '';
}

function isInside(node: Node, scope: Node): boolean {
  return node.pos >= scope.pos && node.end <= scope.end;
}
