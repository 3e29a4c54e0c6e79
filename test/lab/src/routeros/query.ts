type PrintedRow = Readonly<Record<string, string | undefined>>;
type Test = (row: PrintedRow) => boolean;

function compare(left: string, right: string): number {
  if (/^\d+$/.test(left) && /^\d+$/.test(right)) {
    const difference = BigInt(left) - BigInt(right);
    return difference < 0n ? -1 : difference > 0n ? 1 : 0;
  }
  return left < right ? -1 : left > right ? 1 : 0;
}

function simpleTest(text: string): Test {
  const operator = /^[-<>=]/.exec(text)?.[0] ?? '';
  const body = text.slice(operator.length);
  const separator = body.indexOf('=');
  if (separator < 0) {
    if (operator === '-') return (row) => row[body] === undefined;
    return (row) => row[body] !== undefined;
  }
  const name = body.slice(0, separator);
  const wanted = body.slice(separator + 1);
  return (row) => {
    const value = row[name];
    if (value === undefined) return false;
    if (operator === '<') return compare(value, wanted) < 0;
    if (operator === '>') return compare(value, wanted) > 0;
    return value === wanted;
  };
}

function operate(stack: Test[], operators: string): void {
  const pop = () => stack.pop() ?? (() => false);
  for (const part of operators.match(/\d+|[!&|.]/g) ?? []) {
    if (part === '!') {
      const test = pop();
      stack.push((row) => !test(row));
    } else if (part === '&' || part === '|') {
      const second = pop();
      const first = pop();
      stack.push(part === '&' ? (row) => first(row) && second(row) : (row) => first(row) || second(row));
    } else if (part === '.') {
      const test = pop();
      stack.push(test, test);
    } else stack.push(stack[Number(part)] ?? (() => false));
  }
}

/**
 * Query words (`?name=x`, `?-comment`, `?>size=5`, `?#|!`) as one test over printed values. What is left on the stack
 * must all hold.
 */
export function compileQuery(words: readonly string[]): Test {
  const stack: Test[] = [];
  for (const word of words) {
    if (word.startsWith('?#')) operate(stack, word.slice(2));
    else stack.push(simpleTest(word.slice(1)));
  }
  return (row) => stack.every((test) => test(row));
}
