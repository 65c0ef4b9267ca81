import { accessSync, constants, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Problem } from '../../contract/problem.ts';
import { isRunning } from '../local/session.ts';

/**
 * Takes a folder for this process. A run that cannot keep its state would not know later what it has made, and two in one folder would
 * take each other's state for their own: the first to end removes what the other one looks at.
 */
export function folderProblems(folder: string): Problem[] {
  const file = join(folder, takenBy);
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
    const pid = processIn(file);
    if (pid !== undefined && pid !== process.pid && isRunning(pid)) {
      const problem = `a live run works in ${folder}: process ${pid}`;
      const whatToDo = `Wait for its end, stop it with Ctrl-C, or give another folder. If that process is something else, delete ${file}.`;
      return [{ where: '--folder', problem, whatToDo }];
    }
    writeFileSync(file, `${process.pid}\n`);
    return [];
  } catch (error) {
    const problem = `${folder} cannot be written (${error instanceof Error ? error.message : String(error)})`;
    return [{ where: '--folder', problem, whatToDo: 'Give another one: a run keeps there what it has made.' }];
  }
}

/** Lets another process take the folder. */
export function leaveFolder(folder: string): void {
  const file = join(folder, takenBy);
  if (processIn(file) === process.pid) rmSync(file, { force: true });
}

const takenBy = 'process';

function processIn(file: string): number | undefined {
  try {
    return Number(readFileSync(file, 'utf8')) || undefined;
  } catch {
    return undefined;
  }
}
