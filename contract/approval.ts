import { z } from 'zod';
import { approvalGates, decisions } from './names.ts';

/** Characters that make a name look like another one: controls, and those that turn the direction of text. */
const unseen = /[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;
const unseenButLines = /[^\P{Cc}\n\r\t]/u;

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
});

export type ApprovalRequest = z.input<typeof approvalRequest>;

/** Who let a scenario pass a gate, and when. */
export interface Approval extends ApprovalRequest {
  /** ISO 8601, UTC. */
  at: string;
}

/** Argument of the `decide` update. */
export const decisionRequest = z.string().trim().pipe(z.enum(decisions));
