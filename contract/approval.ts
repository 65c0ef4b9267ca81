import { z } from 'zod';
import { type ApprovalGate, approvalGates, approveUpdate, type Decision, decideUpdate, decisions } from './names.ts';

/** Characters that make a name look like another one: controls, and those that turn the direction of text. */
const unseen = /[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;
const unseenButLines = /[^\P{Cc}\n\r\t]/u;

/** ID of a question: of a hold, or of the wait at a gate. */
const questionId = z.string().trim().min(1, 'empty. Give the ID that `progress` shows.').max(100, 'too long.');

/** Argument of the `approve` update. A name and its title fit into 200 characters; a note of 2,000 fills a screen of the Web UI. */
export const approvalRequest = z.strictObject({
  gate: z.enum(approvalGates),
  by: z
    .string()
    .trim()
    .max(200, 'too long. Use at most 200 characters.')
    .regex(/[\p{L}\p{N}]/u, 'nobody. Give the name of whoever approves.')
    .refine((name) => !unseen.test(name), 'a name with characters that nobody sees. Leave them out.'),
  note: z
    .string()
    .trim()
    .max(2000, 'too long. Use at most 2000 characters.')
    .refine((note) => !unseenButLines.test(note), 'a note with control characters. Leave them out.')
    .exactOptional(),
  /** The wait that is answered. May be left out the first time that a run waits at the gate. */
  wait: questionId.exactOptional(),
}) satisfies z.ZodType<ApprovalRequest>;

/** An approval as the schema above takes it. Spelled out, for the JSON Schemas of results are made of this type. */
export interface ApprovalRequest {
  gate: ApprovalGate;
  by: string;
  note?: string;
  /** ID of the wait that is answered. */
  wait?: string;
}

/** The person who let a scenario pass a gate, and when. */
export interface Approval extends ApprovalRequest {
  /** ISO 8601, UTC. */
  at: string;
}

/** Whether two names are the same to people, who do not see how they are encoded, spaced and capitalised. */
export const isSameName = (one: string, other: string): boolean => plain(one) === plain(other);
const plain = (name: string): string =>
  name
    .normalize('NFKC')
    .replaceAll(/[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]+/gu, (signs) => (/\s/.test(signs) ? ' ' : ''))
    .trim()
    .replaceAll(/\s+/g, ' ')
    .toLowerCase();

const decision = z.string().trim().pipe(z.enum(decisions));

/** Argument of the `decide` update. The decision alone is enough for the first hold of a run. */
export const decisionRequest = z.union([
  decision.transform((alone): { decision: Decision; hold?: string } => ({ decision: alone })),
  z.strictObject({ decision, hold: questionId }),
]);

export type DecisionRequest = Decision | { decision: Decision; hold: string };

/** ID of the update that gives an answer: one that is sent again is the same update, and answers nothing else. */
export const decisionUpdateId = (hold: string, decided: Decision): string => `${decideUpdate}-${hold}-${decided}`;
export const approvalUpdateId = (wait: string): string => `${approveUpdate}-${wait}`;

/** Where the CLI finds a run that asks. */
export interface AnsweredRun {
  namespace: string;
  workflowId: string;
}

/** The command with which an operator answers a hold. */
export const decisionCommand = (run: AnsweredRun, hold: string, decided: Decision): string =>
  updateCommand(run, decideUpdate, decisionUpdateId(hold, decided), { decision: decided, hold });

/** The command with which an operator lets the scenario pass a gate. NAME stands for the operator's. */
export const approvalCommand = (run: AnsweredRun, wait: string, gate: ApprovalGate): string =>
  updateCommand(run, approveUpdate, approvalUpdateId(wait), { gate, by: 'NAME', wait });

/**
 * The command that sends an update. Workflow IDs may have parentheses, which a shell takes for its own. Neither they nor the JSON have
 * single quotes.
 */
export function updateCommand(
  { namespace, workflowId }: AnsweredRun,
  name: string,
  updateId?: string,
  input?: object,
): string {
  // Without it the CLI takes this one, or that of the operator's own profile.
  const where = namespace === 'default' ? '' : ` --namespace ${namespace}`;
  const id = updateId === undefined ? '' : ` --update-id ${updateId}`;
  const given = input === undefined ? '' : ` --input '${JSON.stringify(input)}'`;
  return `temporal workflow update execute${where} --workflow-id '${workflowId}' --name ${name}${id}${given}`;
}
