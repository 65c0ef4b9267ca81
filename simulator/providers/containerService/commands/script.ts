import { parse } from 'shell-quote';
import { type Output, printed } from './command.ts';

/** Runs lines of commands joined by `&&`, `||` or `;`, as a shell does. `$?` is the status of the command before. */
export function runScript(script: string, run: (words: string[]) => Output): Output {
  let all = printed('');
  for (const line of script.split('\n')) {
    for (const { words, after } of commandsIn(line)) {
      const isSkipped = (after === '&&' && all.exitCode !== 0) || (after === '||' && all.exitCode === 0);
      if (isSkipped || words.length === 0) continue;
      const { exitCode, output, seconds } = run(words.map((word) => word.replaceAll(lastStatus, String(all.exitCode))));
      all = { exitCode, output: all.output + output, seconds: all.seconds + seconds };
    }
  }
  return all;
}

/** Stands for `$?` until the command before has ended. */
const lastStatus = '\u0001status';

function commandsIn(line: string): { words: string[]; after: string }[] {
  const commands: { words: string[]; after: string }[] = [{ words: [], after: ';' }];
  for (const part of parse(line, { '?': lastStatus })) {
    if (typeof part === 'string') commands.at(-1)?.words.push(part);
    else if ('pattern' in part) commands.at(-1)?.words.push(part.pattern);
    else if ('op' in part) commands.push({ words: [], after: part.op });
  }
  return commands;
}
